import { expect, test } from 'vitest'
import { coordinatingPartition, readDecision, readKey } from './transaction-log.ts'
import { Encoder } from './wire.ts'

const classic = (text: string): Buffer => {
  const bytes = Buffer.alloc(2 + text.length)
  bytes.writeInt16BE(text.length)
  bytes.write(text, 2)
  return bytes
}

test("the coordinating partition is Java's hash of the id", () => {
  // "polygenelubricants".hashCode() is Integer.MIN_VALUE, "Aa" and "BB" are 2112.
  expect(coordinatingPartition('polygenelubricants', 50)).toBe(0)
  expect([coordinatingPartition('Aa', 50), coordinatingPartition('BB', 50)]).toEqual([12, 12])
  expect(coordinatingPartition('', 50)).toBe(0)
})

test('the decision is read in both versions of the record', () => {
  const head = (version: number, state: number) =>
    new Encoder().int16(version).int64(8).int16(1085).int32(15_000).int8(state)
  const partitions = [
    { topic: 'out', partition: 3 },
    { topic: 'out', partition: 5 },
    { topic: '__consumer_offsets', partition: 10 },
  ]
  const flexible = head(1, 2)
  flexible
    .byTopic(partitions, ({ partition }) => flexible.int32(partition))
    .int64(1)
    .int64(1)
    .tags()
  expect(readDecision(flexible.take())).toEqual({
    producerId: 8n,
    producerEpoch: 1085,
    commit: true,
    partitions,
  })
  const before = head(0, 3)
    .int32(2)
    .raw(classic('out'))
    .int32(2)
    .int32(3)
    .int32(5)
    .raw(classic('__consumer_offsets'))
    .int32(1)
    .int32(10)
    .int64(1)
    .int64(1)
  expect(readDecision(before.take())).toEqual({
    producerId: 8n,
    producerEpoch: 1085,
    commit: false,
    partitions,
  })
  for (const state of [0, 1, 4, 5]) expect(readDecision(head(1, state).take())).toBeUndefined()
  expect(() => readDecision(head(1, 2).take())).toThrow(RangeError)
})

test('the transactional id is read from the key', () => {
  expect(readKey(Buffer.concat([Buffer.from([0, 0]), classic('group/topic/3')]))).toBe('group/topic/3')
  expect(readKey(Buffer.from([0, 1, 0, 0]))).toBeUndefined()
  expect(readKey(Buffer.alloc(0))).toBeUndefined()
})
