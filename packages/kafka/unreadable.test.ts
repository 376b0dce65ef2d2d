import { expect, test } from 'vitest'
import { SILENT } from './log.ts'
import { UnreadableBatch } from './records/unreadable-batch.ts'
import { passedOver, UnreadableTries } from './unreadable.ts'

function rotten(firstOffset: number): UnreadableBatch {
  const place = { topic: 'rotten', partition: 0, firstOffset, nextOffset: firstOffset + 10 }
  return new UnreadableBatch(place, new Error('no varint'))
}

test('the fifth failure skips the batch, and nothing else', () => {
  const tries = new UnreadableTries()
  const pauses: number[] = []
  for (let i = 0; i < 4; i++) {
    expect(tries.failed(rotten(20), 99, SILENT)).toBeUndefined()
    pauses.push(tries.pauseMs)
  }
  expect(pauses).toEqual([200, 400, 800, 1600])
  expect(tries.failed(rotten(20), 99, SILENT)).toMatchObject({
    topic: 'rotten',
    partition: 0,
    length: 0,
    nextOffset: 30,
    endOffset: 99,
    unreadable: { firstOffset: 20, reason: 'it breaks the record format: no varint' },
  })
  expect(passedOver.get('rotten')).toBe(1)
})

test('each batch is counted by itself', () => {
  const tries = new UnreadableTries()
  for (let i = 0; i < 4; i++) tries.failed(rotten(20), 99, SILENT)
  for (let i = 0; i < 4; i++) expect(tries.failed(rotten(30), 99, SILENT)).toBeUndefined()
  expect(tries.failed(rotten(30), 99, SILENT)).toBeDefined()
})
