import { expect, test } from 'vitest'
import type { FunctionResult } from '../functions.ts'
import { asyncObjectName, invocationRecord } from './invocation-record.ts'

const ARN = 'arn:aws:lambda:us-east-1:000000000000:function:f'
const result: FunctionResult = {
  ok: true,
  executedVersion: '3',
  payload: Buffer.from('{"a":1}'),
  durationMs: 1,
  maxMemoryMb: 1,
  initMs: undefined,
  logTail: '',
}
const event = (functionName: string, payload: string) => ({
  functionName,
  payload: Buffer.from(payload),
  options: { requestId: 'r-1' },
  acceptedAt: 0,
})

test('the record of a success has the response', () => {
  expect(
    JSON.parse(
      invocationRecord(event('f:live', '{"n":1e2}'), { condition: 'Success', attempts: 1, result }, ARN),
    ),
  ).toEqual({
    version: '1.0',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    requestContext: {
      requestId: 'r-1',
      functionArn: `${ARN}:live`,
      condition: 'Success',
      approximateInvokeCount: 1,
    },
    requestPayload: { n: 100 },
    responseContext: { statusCode: 200, executedVersion: '3' },
    responsePayload: { a: 1 },
  })
})

test('the record of a failure has the error, and that of an event that was never invoked has no response', () => {
  const failed: FunctionResult = {
    ...result,
    ok: false,
    kind: 'handled',
    payload: Buffer.from('{"errorType":"E"}'),
  }
  expect(
    JSON.parse(
      invocationRecord(event('f', '{}'), { condition: 'RetriesExhausted', attempts: 3, result: failed }, ARN),
    ),
  ).toMatchObject({
    requestContext: {
      functionArn: `${ARN}:$LATEST`,
      condition: 'RetriesExhausted',
      approximateInvokeCount: 3,
    },
    responseContext: { statusCode: 200, executedVersion: '3', functionError: 'Unhandled' },
    responsePayload: { errorType: 'E' },
  })
  const never = JSON.parse(
    invocationRecord(
      event('f', '{}'),
      { condition: 'EventAgeExceeded', attempts: 0, result: undefined },
      ARN,
    ),
  ) as object
  expect(Object.keys(never)).toEqual(['version', 'timestamp', 'requestContext', 'requestPayload'])
})

test('payloads that are too large for a queue are omitted', () => {
  const large = `"${'x'.repeat(600_000)}"`
  expect(
    JSON.parse(invocationRecord(event('f', large), { condition: 'Success', attempts: 1, result }, ARN)),
  ).toMatchObject({ requestPayload: null, responsePayload: { a: 1 } })
  const answer = { ...result, payload: Buffer.from(`"${'x'.repeat(1_000_000)}"`) }
  expect(
    JSON.parse(invocationRecord(event('f', '1'), { condition: 'Success', attempts: 1, result: answer }, ARN)),
  ).toMatchObject({ requestPayload: 1, responsePayload: null })
})

test('an object in a bucket is named as by Lambda', () => {
  expect(asyncObjectName('f:live', new Date('2026-11-24T22:05:00Z'))).toMatch(
    /^aws\/lambda\/async\/f\/2026\/11\/24\/2026-11-24T22\.05\.00-[0-9a-f-]{36}$/,
  )
})

test('an answer that is not JSON is a string in the JSON record', () => {
  const answered: FunctionResult = { ...result, payload: Buffer.from('no "JSON"') }
  const text = invocationRecord(
    event('f', '{}'),
    { condition: 'Success', attempts: 1, result: answered },
    ARN,
  )
  expect(JSON.parse(text)).toMatchObject({ responsePayload: 'no "JSON"' })
})
