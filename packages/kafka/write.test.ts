import { expect, test } from 'vitest'
import { murmur2 } from './partitioner.ts'
import type { Appender } from './port.ts'
import { encodeHeaders } from './records/headers.ts'
import { appendValue, encodeValue, partitionOfKey, type ValueWriter } from './write.ts'

/** Writes text, and returns -1 like the codec if it does not fit. */
const writer: ValueWriter<string> = {
  encode: (value, into, at) => {
    into.fill(0)
    return at + value.length > into.length ? -1 : at + into.write(value, at)
  },
}

test.each([0, 1, 64 << 10, (64 << 10) + 1, 5 << 20])(
  'a value of %d bytes is encoded as a whole',
  (length) => {
    const value = 'x'.repeat(length)
    const bytes = encodeValue(writer, value)
    encodeValue(writer, 'another one')
    expect(bytes.length).toBe(length)
    expect(bytes.equals(Buffer.from(value))).toBe(true)
  },
)

test('a key as text has the same partition as its bytes', () => {
  const bytes = Buffer.from('taxi-é')
  expect(partitionOfKey('taxi-é', 7)).toBe(partitionOfKey(bytes, 7))
  expect(partitionOfKey('taxi-é', 7)).toBe((murmur2(bytes, 0, bytes.length) & 0x7fffffff) % 7)
})

test.each([0, 64 << 10, (64 << 10) + 1])('a value of %d bytes is appended with its record', (length) => {
  const text = (of: Buffer | null, from: number, to: number) => of && String(of.subarray(from, to))
  const appended: unknown[] = []
  const append: Appender['append'] = (topic, partition, ...bytes) => {
    const [key, keyStart, keyEnd, value, start, end, headers, headersStart, headersEnd] = bytes
    appended.push([topic, partition, text(key, keyStart, keyEnd), text(value, start, end)])
    appended.push(text(headers, headersStart, headersEnd))
  }
  const record = { topic: 't', partition: 3, key: 'é', headers: { source: 'sns' } }
  appendValue({ append }, writer, 'x'.repeat(length), record)
  expect(appended).toEqual([['t', 3, 'é', 'x'.repeat(length)], String(encodeHeaders(record.headers))])
})
