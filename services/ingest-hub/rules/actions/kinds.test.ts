import { parseRule } from '@weir/iot-sql'
import { expect, test } from 'vitest'
import { withoutTemplates } from './action.ts'
import type { ActionDeps } from './kind.ts'
import { compileAction, REFUSED_KINDS } from './kinds.ts'

const deps: ActionDeps = {
  account: { accountId: '000000000000', region: 'us-east-1' },
  topics: new Map(),
  streams: { get: () => undefined },
}
const rule = parseRule("SELECT * FROM 'a'", '2016-03-23')

test.each(REFUSED_KINDS)('the action %s of AWS IoT is refused with a sentence', (kind) => {
  expect(() => compileAction({ [kind]: {} }, 'actions[0]', rule, deps)).toThrow(
    `actions[0].${kind}: Weir does not have this action; there are kafka, kinesis,`,
  )
})

test.each([
  [
    { kinesis: { streamName: 'orders-${region}' } },
    ['arn:aws:kinesis:us-east-1:000000000000:stream/orders-\uffff'],
  ],
  [{ republish: { topic: 'b/${c}/d' } }, ['arn:aws:iot:us-east-1:000000000000:topic/b/\uffff/d']],
  [{ sqs: { queueUrl: 'https://sqs.example.com/1/hot' } }, ['arn:aws:sqs:us-east-1:000000000000:hot']],
  [{ s3: { bucketName: 'b', key: 'k' } }, ['arn:aws:s3:::b']],
  [{ http: { url: 'https://example.com/' } }, []],
])('whoever creates %j needs rights over %j', (input, resources) => {
  expect(compileAction(input, 'actions[0]', rule, deps).resources).toEqual(resources)
})

test('a right must cover whatever templates give', () => {
  expect(withoutTemplates('a-${x}-b-${y}-c')).toBe('a-\uffff-c')
  expect(withoutTemplates('plain')).toBe('plain')
})
