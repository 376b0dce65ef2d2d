import { expect, test } from 'vitest'
import { emptyBatch } from '../unreadable.ts'
import { Once } from './once.ts'

test('where a leader does not show the records before the batch yet, it is asked again', async () => {
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
  await once.prepare({ ...emptyBatch('reports', 0, 11, 11), length: 1, ...columns }, AbortSignal.timeout(5000))
  expect(asked).toEqual([0, 0, 4, 4])
})
