import { read } from '@weir/topics/shape.ts'
import { expect, test } from 'vitest'
import { eventSource, sourceOfRequest, sourceShape } from './sources.ts'

const ACCOUNT = { region: 'eu-west-1', accountId: '123456789012' }
const STREAM = 'arn:aws:kinesis:eu-west-1:123456789012:stream/orders'

test('a request names a stream by its ARN, or a topic', () => {
  expect(sourceOfRequest({ EventSourceArn: STREAM }, ACCOUNT)).toEqual({ kind: 'kinesis', stream: 'orders' })
  expect(sourceOfRequest({ SelfManagedEventSource: {}, Topics: ['orders'] }, ACCOUNT)).toEqual({
    kind: 'kafka',
    topic: 'orders',
  })
})

test.each([
  [{}, 'Unrecognized event source.'],
  [{ EventSourceArn: STREAM, Topics: ['orders'] }, 'but not both'],
  [
    { EventSourceArn: `${STREAM}/consumer/c:1` },
    'is not a supported event source; give the ARN of a Kinesis stream, or SelfManagedEventSource and Topics, or the ARN of the change stream of a table.',
  ],
  [
    { EventSourceArn: STREAM.replace('123456789012', '000000000000') },
    `another region or account; streams here are ${STREAM.replace('orders', 'NAME')}.`,
  ],
  [{ SelfManagedEventSource: {}, Topics: ['a', 'b'] }, 'must name one topic, and names 2'],
])('the source %j is refused', (request, text) => {
  expect(() => sourceOfRequest(request, ACCOUNT)).toThrow(text)
})

test('the control log checks a source by its kind', () => {
  const topic = { kind: 'kafka', topic: 'orders', later: true }
  expect(read(sourceShape, topic, 'ignored')).toEqual({ kind: 'kafka', topic: 'orders' })
  expect(() => read(sourceShape, { kind: 'queue' }, 'ignored')).toThrow('kind must be')
  expect(() => read(sourceShape, { kind: 'kinesis', topic: 'orders' }, 'ignored')).toThrow('stream')
})

test.each([
  ['ACTIVE', true],
  ['DELETING', false],
  [undefined, false],
])('the source of a stream in the state %s exists: %s', (status, exists) => {
  const streams = { get: () => status && { stream: { status } } } as never
  expect(eventSource({ kind: 'kinesis', stream: 'orders' }).exists(streams)).toBe(exists)
  expect(eventSource({ kind: 'kafka', topic: 'orders' }).exists(streams)).toBe(true)
})
