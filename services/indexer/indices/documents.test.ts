import { encodeHeaders, type Headers, NO_HEADERS, type RecordBatch } from '@weir/kafka'
import type { IndexDestination } from '@weir/solutions/solution.ts'
import { expect, test } from 'vitest'
import type { Lines } from './bulk.ts'
import { documents, type Refusal } from './documents.ts'

const definition = {
  prefix: 'taxi',
  rotation: 'day',
  eventTime: 'time',
  document: (value, { id, source }) => ({ ...value, id, source, upper: value.name.toUpperCase() }),
} as Partial<IndexDestination> as IndexDestination

/** Values are in JSON, since the encoding is the codec's concern. */
const reader = {
  topic: 'taxi.enriched',
  prepare: () => undefined,
  decode: (bytes: Buffer, start: number, end: number) => JSON.parse(bytes.toString('utf8', start, end)),
}

function batchOf(value: string | null, headers?: Headers): RecordBatch {
  const head = headers ? encodeHeaders(headers) : NO_HEADERS
  const body = Buffer.from(value ?? '')
  return {
    topic: 'taxi.enriched',
    partition: 3,
    length: 1,
    bytes: Buffer.concat([head, body]),
    offsets: Float64Array.of(120_045),
    timestamps: Float64Array.of(1),
    keyStart: Int32Array.of(-1),
    keyEnd: Int32Array.of(-1),
    valueStart: Int32Array.of(value === null ? -1 : head.length),
    valueEnd: Int32Array.of(head.length + body.length),
    headersStart: Int32Array.of(0),
    headersEnd: Int32Array.of(head.length),
    nextOffset: 120_046,
    endOffset: 120_046,
  }
}

const lines: Lines = { action: '', id: '', document: '' }
const run = documents(definition, reader, lines)
const TIME = Date.UTC(2026, 10, 22, 23, 59, 59, 999)
const value = (over: object = {}) => JSON.stringify({ name: 'a', time: TIME, ...over })

test('a record becomes a document in the index of its event time, with its id and source', () => {
  expect(run(batchOf(value(), { 'weir-id': 'run-1-7', 'weir-source': 'replay' }), 0)).toBeUndefined()
  expect(lines.action).toBe('{"create":{"_index":"taxi-2026.11.22","_id":')
  expect(lines.id).toBe('"run-1-7"')
  expect(JSON.parse(lines.document)).toEqual({
    name: 'a',
    time: TIME,
    id: 'run-1-7',
    source: 'replay',
    upper: 'A',
  })
  expect(
    run(batchOf(value({ time: TIME + 1 }), { 'weir-id': 'b', 'weir-source': 'simulator' }), 0),
  ).toBeUndefined()
  expect(lines.action).toContain('taxi-2026.11.23')
  expect(JSON.parse(lines.document).source).toBe('simulator')
})

test.each([undefined, { 'weir-id': '' }])(
  'a record without an id gets its place in Kafka as id',
  (headers) => {
    expect(run(batchOf(value(), headers), 0)).toBeUndefined()
    expect(lines.id).toBe('"taxi.enriched-3-120045"')
    expect(JSON.parse(lines.document).source).toBe('unknown')
  },
)

test.each<[string, RecordBatch, string, string]>([
  ['no value', batchOf(null), 'decode', 'undecodable'],
  ['a value that is not JSON', batchOf('{'), 'decode', 'undecodable'],
  ['no event time', batchOf(value({ time: undefined })), 'rotate', 'invalid'],
  ['an event time beyond the years of indices', batchOf(value({ time: 1e17 })), 'rotate', 'invalid'],
  ['a document function that throws', batchOf(value({ name: 5 })), 'document', 'failed'],
  ['an id that is too long', batchOf(value(), { 'weir-id': 'x'.repeat(513) }), 'id', 'invalid'],
  ['an id that is not UTF-8', batchOf(value(), { 'weir-id': Buffer.from([0xc3, 0x28]) }), 'id', 'invalid'],
])('a record with %s is a dead letter', (_, batch, step, code) => {
  const refusal = run(batch, 0) as Refusal
  expect([refusal.step, refusal.cause.code]).toEqual([step, code])
  expect(refusal.cause.message).toMatch(/\w/)
})

test('ids may contain the replacement character, and names of headers match as a whole', () => {
  expect(
    run(
      batchOf(value(), {
        'weir-id': 'a\ufffdb',
        'weir-idx': 'no',
        'weir-sourcf': 'no',
        traceparent: 'x',
        'weir-source': 's',
      }),
      0,
    ),
  ).toBeUndefined()
  expect(lines.id).toBe('"a\ufffdb"')
  expect(JSON.parse(lines.document).source).toBe('s')
})

test('a record that replaces others has the id and the revision that the definition says', () => {
  const replacing = documents(
    {
      ...definition,
      replaces: { id: ({ name }) => name, revision: ({ revision }) => revision },
    },
    reader,
    lines,
  )
  expect(replacing(batchOf(value({ revision: 7 }), { 'weir-id': 'x' }), 0)).toBeUndefined()
  expect(lines.action).toBe(
    '{"index":{"_index":"taxi-2026.11.22","version_type":"external","version":7,"_id":',
  )
  expect(lines.id).toBe('"a"')
  expect(JSON.parse(lines.document).id).toBe('x')
  const refused = (over: object) => (replacing(batchOf(value(over)), 0) as Refusal).cause.message
  expect(refused({ revision: 1.5 })).toBe("The document's revision is 1.5; it must be a whole number from 1.")
  expect(refused({ revision: 0 })).toContain('revision is 0')
  expect(refused({ revision: 1, name: 'n'.repeat(513) })).toBe(
    "The document's id has 513 bytes; search engines take 1 to 512.",
  )
})
