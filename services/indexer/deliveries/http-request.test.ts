import { expect, test } from 'vitest'
import type { Frame } from './frames.ts'
import { bodyOf, requestIdOf, requestsOf } from './http-request.ts'

const frame = (value: Buffer): Frame => ({ time: 0, id: '', value })

test('a body is JSON with the records in base64', () => {
  const values = [Buffer.of(0, 255), Buffer.alloc(0), Buffer.from('abc')]
  const body = bodyOf('id', 1, values.map(frame))
  expect(JSON.parse(body.toString())).toEqual({
    requestId: 'id',
    timestamp: 1,
    records: values.map((value) => ({ data: value.toString('base64') })),
  })
})

test('ids are UUIDs, which follow from the delivery and the number of the request', () => {
  expect(requestIdOf('a', 0)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/)
  expect(requestIdOf('a', 0)).toBe(requestIdOf('a', 0))
  expect(new Set([requestIdOf('a', 0), requestIdOf('a', 1), requestIdOf('b', 0)]).size).toBe(3)
})

test('requests have at most 8 MiB, however their records come', async () => {
  const frames = Array.from({ length: 30 }, () => frame(Buffer.alloc(1_000_000)))
  const requests: number[][] = []
  for (const size of [1, 7, 30]) {
    async function* some(): AsyncGenerator<Frame[]> {
      for (let i = 0; i < frames.length; i += size) yield frames.slice(i, i + size)
    }
    const lengths: number[] = []
    for await (const records of requestsOf(some())) {
      lengths.push(records.length)
      expect(bodyOf(requestIdOf('a', 0), Date.now(), records).length).toBeLessThanOrEqual(8 << 20)
    }
    requests.push(lengths)
  }
  expect(requests).toEqual([requests[0], requests[0], requests[0]])
  expect(requests[0].reduce((sum, count) => sum + count, 0)).toBe(30)
})
