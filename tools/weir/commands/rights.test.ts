import { afterEach, expect, test, vi } from 'vitest'
import { acl } from './acl.ts'
import { iam } from './iam.ts'
import { size } from './size.ts'

const out = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
const err = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
afterEach(() => vi.clearAllMocks())
const said = (stream: typeof out): string => stream.mock.calls.map(([text]) => text).join('')

test('acl print shows a row for each resource, under the names that the brokers know', async () => {
  expect(await acl.run(['print', 'indexer', '--user', 'User:CN={},O=Example'])).toBe(0)
  expect(said(out)).toMatch(/User:CN=indexer,O=Example +topic +literal +taxi\.enriched +Describe Read/)
  expect(said(out)).not.toContain('enricher,')
})

test('iam print gives a policy as JSON', async () => {
  expect(
    await iam.run([
      'print',
      'ingest-hub',
      '--cluster-arn',
      'arn:aws:kafka:eu-central-1:111122223333:cluster/weir/0a1b2c3d-1',
    ]),
  ).toBe(0)
  expect(JSON.parse(said(out))).toMatchObject({
    Version: '2012-10-17',
    Statement: expect.arrayContaining([expect.objectContaining({ Effect: 'Allow' })]),
  })
})

test.each([
  [acl, [], 'An action is missing: print or apply.'],
  [acl, ['aply'], 'Did you mean'],
  [acl, ['print', 'indexr'], 'There is no principal indexr'],
  [acl, ['print', '--user', 'weir'], '--user is "weir"'],
  [iam, ['print'], 'The principal is missing'],
  [iam, ['print', 'indexer'], '--cluster-arn is missing'],
  [iam, ['print', 'indexer', '--cluster-arn', 'weir'], 'not the ARN of an MSK cluster'],
  [size, [], '--events-per-hour is missing'],
  [size, ['--events-per-hour', '5M'], '--bytes is missing'],
  [size, ['--events-per-hour', '5T', '--bytes', '200'], '--events-per-hour is "5T"'],
  [size, ['--events-per-hour', '5M', '--bytes', '0'], '--bytes is "0"'],
  [size, ['--events-per-hour', '5M', '--bytes', '200', '--peak', '0.5'], '--peak is "0.5"'],
])('a wrong argument is refused in a sentence, case %#', async (command, args, sentence) => {
  expect(await command.run(args)).toBe(2)
  expect(said(err)).toContain(sentence)
})
