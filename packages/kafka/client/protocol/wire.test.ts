import { expect, test } from 'vitest'
import { Decoder, Encoder } from './wire.ts'

test('encoded values are decoded back', () => {
  const long = 'ä'.repeat(5000)
  const bytes = new Encoder()
    .int8(-1)
    .bool(true)
    .int16(-2)
    .int32(-3)
    .int64(2n ** 60n)
    .string(long)
    .string(null)
    .string('')
    .uuid('00112233445566778899aabbccddeeff')
    .array([1, 2, 300], () => {})
    .tags()
    .take()
  const from = new Decoder(bytes)
  expect([
    from.int8(),
    from.bool(),
    from.int16(),
    from.int32(),
    from.int64(),
    from.string(),
    from.string(),
    from.string(),
    from.uuid(),
  ]).toEqual([-1, true, -2, -3, 2n ** 60n, long, null, '', '00112233445566778899aabbccddeeff'])
  expect(from.varint() - 1).toBe(3)
})

test('partitions are grouped by topic on the wire, and decoded as a flat list', () => {
  const to = new Encoder()
  const items = [
    { topic: 'a', partition: 1 },
    { topic: 'b', partition: 2 },
    { topic: 'a', partition: 3 },
  ]
  const bytes = to.byTopic(items, ({ partition }) => to.int32(partition)).take()
  expect(bytes.toString('hex')).toBe(
    '03' + '0261' + '03' + '0000000100000003' + '00' + '0262' + '02' + '00000002' + '00',
  )
  const from = new Decoder(bytes)
  expect(from.byTopic((topic) => `${topic}/${from.int32()}`)).toEqual(['a/1', 'a/3', 'b/2'])
})

test('known tagged fields are read, and others are skipped', () => {
  const from = new Decoder(Buffer.from('02' + '00' + '02' + 'beef' + '05' + '01' + '07' + '2a', 'hex'))
  const seen: [number, number][] = []
  from.tags((tag, field) => {
    if (tag === 5) seen.push([tag, field.int8()])
  })
  expect(seen).toEqual([[5, 7]])
  expect(from.int8()).toBe(42)
})

test('bytes that end early, or state a length beyond their end, cause a RangeError', () => {
  for (const hex of ['', 'ff', 'ffffffffff', '7f6162']) {
    expect(() => new Decoder(Buffer.from(hex, 'hex')).string(), hex).toThrow(RangeError)
    expect(() => new Decoder(Buffer.from(hex, 'hex')).array(() => 0), hex).toThrow(RangeError)
  }
})
