import { expect, test } from 'vitest'
import type { RecordBatch } from '../port.ts'
import { encodeHeaders } from '../records/headers.ts'
import { emptyBatch } from '../unreadable.ts'
import { Once } from './once.ts'

test('a leader that does not show the records before the batch yet is asked again', async () => {
  const asked: number[] = []
  const shown = [0, 4, 4, 10]
  const once = new Once({
    kafka: {
      offsetAt: async () => 0,
      fetch: async (topic, partition, position) => {
        asked.push(position)
        return emptyBatch(topic, partition, shown[asked.length - 1], 11)
      },
    },
    log: { warn() {} },
  })
  const columns = { offsets: Float64Array.of(10), timestamps: Float64Array.of(Date.now()) }
  await once.prepare(
    { ...emptyBatch('reports', 0, 11, 11), length: 1, ...columns },
    AbortSignal.timeout(5000),
  )
  expect(asked).toEqual([0, 0, 4, 4])
})

/** A batch of records with an id, but without key and value; the first one's offset is `first`. */
function withIds(topic: string, first: number, ids: readonly string[]): RecordBatch {
  const blocks = ids.map((id) => encodeHeaders({ 'weir-id': id }))
  const next = first + ids.length
  return {
    ...emptyBatch(topic, 0, next, next),
    length: ids.length,
    bytes: Buffer.concat(blocks),
    offsets: Float64Array.from(ids, (_, i) => first + i),
    timestamps: Float64Array.from(ids, () => Date.now()),
    headersStart: Int32Array.from(blocks, (_, i) => Buffer.concat(blocks.slice(0, i)).length),
  }
}

test('a batch that is redelivered while its ids are read back does not count as its own repetition', async () => {
  const asked = Promise.withResolvers<void>()
  const answer = Promise.withResolvers<RecordBatch>()
  const once = new Once({
    kafka: {
      offsetAt: async () => 0,
      fetch: () => {
        asked.resolve()
        return answer.promise
      },
    },
    log: { warn() {} },
  })
  const batch = withIds('reports', 10, ['a', 'b'])
  const first = once.prepare(batch, AbortSignal.timeout(5000))
  await asked.promise
  const again = once.prepare(batch, AbortSignal.timeout(5000))
  answer.resolve(emptyBatch('reports', 0, 10, 12))
  await Promise.all([first, again])
  expect([once.seen(batch, 0), once.seen(batch, 1)]).toEqual([false, false])
})
