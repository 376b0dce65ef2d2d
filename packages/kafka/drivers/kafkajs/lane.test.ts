import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { SILENT } from '../../log.ts'
import { BatchWriter } from '../../records/batch-writer.ts'
import { NO_HEADERS } from '../../records/headers.ts'
import { Lane, type Work } from './lane.ts'

/** A fetch response with `count` records from `position` on. */
function fetched(position: number, count: number) {
  const writer = new BatchWriter()
  for (let i = 0; i < count; i++)
    writer.append(
      null,
      0,
      0,
      Buffer.from(String(position + i)),
      0,
      String(position + i).length,
      NO_HEADERS,
      0,
      1,
    )
  const bytes = Buffer.from(
    writer.finish({ producerId: 1n, producerEpoch: 0, baseSequence: 0, transactional: false }, 0),
  )
  bytes.writeBigInt64BE(BigInt(position), 0)
  return { topic: 't', partition: 0, position, bytes, aborted: [], endOffset: position + count }
}

const atZero: Work['begin'] = async () => ({ topicId: 'id', position: 0 })

function laneFor(process: Work['process'], begin = atZero, maxRecords = 100) {
  const failures: unknown[] = []
  const hooks = { wanting() {}, failed: (error: unknown) => failures.push(error), log: SILENT }
  const lane = new Lane('t', 0, { begin, process }, maxRecords, hooks)
  return { lane, failures }
}

test('hands over in slices, one at a time, with one response ahead', async () => {
  const seen: number[][] = []
  let running = 0
  const { lane } = laneFor(
    async (batch) => {
      expect(++running).toBe(1)
      await sleep(5)
      seen.push([batch.offsets[0], batch.length, batch.nextOffset])
      running--
    },
    undefined,
    4,
  )
  await vi.waitUntil(() => lane.wanting)
  lane.offer(fetched(0, 6))
  await vi.waitUntil(() => lane.wanting && lane.fetchFrom === 6)
  lane.offer(fetched(6, 2))
  expect(lane.wanting).toBe(false)
  await vi.waitUntil(() => seen.length === 3)
  expect(seen).toEqual([
    [0, 4, 4],
    [4, 2, 6],
    [6, 2, 8],
  ])
  await vi.waitUntil(() => lane.position === 8)
  await lane.drain(100)
})

test('after a failure it begins anew, and drops a response that was on its way', async () => {
  const begins: unknown[] = []
  const seen: number[] = []
  const { lane, failures } = laneFor(
    async (batch) => {
      if (begins.length === 1) throw new Error('poison')
      seen.push(...batch.offsets.subarray(0, batch.length))
    },
    async (before) => {
      begins.push(before)
      return { topicId: 'id', position: 2 }
    },
  )
  await vi.waitUntil(() => lane.wanting)
  lane.offer(fetched(2, 3))
  await vi.waitUntil(() => begins.length === 2 && lane.wanting)
  expect(begins[1]).toEqual({ topicId: 'id', loss: undefined })
  expect((failures[0] as Error).message).toBe('poison')
  lane.offer(fetched(5, 3))
  expect(lane.wanting).toBe(true)
  lane.offer(fetched(2, 3))
  await vi.waitUntil(() => seen.length === 3)
  expect(failures.length).toBe(1)
  await lane.drain(100)
})

test('draining lets the handler end, aborts it when time is over, and hands nothing more over', async () => {
  let calls = 0
  let aborted = false
  const { lane } = laneFor(async (_batch, signal) => {
    calls++
    await sleep(10_000, undefined, { signal }).catch(() => (aborted = true))
    signal.throwIfAborted()
  })
  await vi.waitUntil(() => lane.wanting)
  lane.offer(fetched(0, 1))
  await vi.waitUntil(() => calls === 1 && lane.wanting)
  lane.offer(fetched(1, 1))
  await lane.drain(50)
  expect([calls, aborted, lane.position]).toEqual([1, true, 0])
})
