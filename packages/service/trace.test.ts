import { encodeHeaders } from '@weir/kafka/records/headers.ts'
import { expect, test } from 'vitest'
import { continueTrace, formatTraceparent, parseTraceparent, TRACEPARENT, traceOfRecord } from './trace.ts'

/** The example in the specification. */
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736'
const SPAN = '00f067aa0ba902b7'
const GIVEN = `00-${TRACE}-${SPAN}-01`

test('the example of the specification is read and written', () => {
  expect(parseTraceparent(GIVEN)).toEqual({ traceId: TRACE, spanId: SPAN, flags: 1 })
  expect(formatTraceparent(parseTraceparent(GIVEN)!)).toBe(GIVEN)
})

test('a header of a later version may be longer', () => {
  expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01-what-comes`)).toMatchObject({ traceId: TRACE })
})

test.each([
  ['missing', undefined],
  ['empty', ''],
  ['short', GIVEN.slice(1)],
  ['in upper case', GIVEN.toUpperCase()],
  ['of version ff', `ff${GIVEN.slice(2)}`],
  ['of version 00 with more data', `${GIVEN}-x`],
  ['of a later version with more data but no dash', `cc${GIVEN.slice(2)}x`],
  ['without a trace id', `00-${'0'.repeat(32)}-${SPAN}-01`],
  ['without a span id', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['not hex', GIVEN.replace('4bf', 'xyz')],
  ['endless', `cc-${TRACE}-${SPAN}-01-${'x'.repeat(1e6)}`],
])('a header is ignored if it is %s', (_, text) => {
  expect(parseTraceparent(text)).toBeUndefined()
})

test('a trace is continued with a new span, and a new trace begins without one', () => {
  const next = continueTrace(parseTraceparent(GIVEN))
  expect(next.traceId).toBe(TRACE)
  expect(next.spanId).not.toBe(SPAN)
  const fresh = Array.from({ length: 1000 }, () => continueTrace(undefined))
  expect(new Set(fresh.map((trace) => trace.traceId)).size).toBe(1000)
  for (const trace of fresh) expect(parseTraceparent(formatTraceparent(trace))).toEqual(trace)
})

test("a trace is read from a record's headers", () => {
  const block = encodeHeaders({ 'weir-id': 'a', [TRACEPARENT]: GIVEN })
  expect(traceOfRecord(block, 0)).toMatchObject({ traceId: TRACE, spanId: SPAN })
  expect(traceOfRecord(encodeHeaders({ [TRACEPARENT]: 'x'.repeat(100_000) }), 0)).toBeUndefined()
  expect(traceOfRecord(encodeHeaders({}), 0)).toBeUndefined()
})
