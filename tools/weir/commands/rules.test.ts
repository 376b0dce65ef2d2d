import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { rules } from './rules.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-rules-'))
const [hot, wrong] = [join(folder, 'hot.sql'), join(folder, 'wrong.sql')]
const sql = "SELECT temperature * 2 AS t, topic(2) AS truck FROM 'trucks/+' WHERE temperature > 100"
const rule = { ruleName: 'hot', sql, awsIotSqlVersion: '2016-03-23' }
const listed = { ruleName: 'hot', topicPattern: 'trucks/+', ruleDisabled: true, createdAt: 0 }
const server = createServer((request, response) => {
  response.setHeader('content-type', 'application/json')
  if (request.url === '/rules') response.end(JSON.stringify({ rules: [listed] }))
  else if (request.url === '/rules/hot') response.end(JSON.stringify({ rule }))
  else response.writeHead(404).end('{"message":"The rule cold does not exist."}')
})
const printed = captureOutput()

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  writeFileSync(hot, sql)
  writeFileSync(wrong, "SELECT * FORM 'a'")
  vi.stubEnv('HUB_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  for (const name of ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_REGION']) vi.stubEnv(name, undefined)
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

const weirRules = (args: readonly string[], input = ''): Promise<number> => {
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(Readable.from([Buffer.from(input)]) as never)
  return rules.run(args)
}

test.each([
  [['test', hot, '--topic', 'trucks/17'], '{"temperature":112}', 0, '{"t":224,"truck":"17"}\n'],
  [['test', 'hot', '--topic', 'trucks/17'], '{"temperature":112}', 0, '{"t":224,"truck":"17"}\n'],
  [
    ['explain', hot, '--topic', 'trucks/17'],
    '{"temperature":90}',
    1,
    'The condition is false. temperature > 100 is false: temperature is 90.\n',
  ],
  [['explain', 'hot', '--topic', 'cars/1'], '{}', 1, "The topic cars/1 does not match FROM 'trucks/+'.\n"],
  [['explain', 'hot'], '{"temperature":112}', 0, 'The rule matches the message.\n'],
])('weir rules %j', async (args, input, code, expected) => {
  expect([await weirRules(args, input), printed.out]).toEqual([code, expected])
})

test('weir rules lists rules', async () => {
  expect(await weirRules(['list'])).toBe(0)
  expect(printed.out).toMatch(
    /^NAME +FROM +STATE +CREATED *\nhot +trucks\/\+ +disabled +1970-01-01T00:00:00 *\n$/,
  )
})

test.each([
  [['test', wrong], 2, 'line 1'],
  [['test', './none.sql'], 2, 'There is no file ./none.sql.'],
  [['test', 'cold'], 1, 'The rule cold does not exist.'],
  [['run', 'hot'], 2, 'There is no `weir rules run`.'],
])('weir rules %j is refused', async (args, code, reason) => {
  expect(await weirRules(args)).toBe(code)
  expect(printed.said).toContain(reason)
})
