/**
 * Delivers one batch. A record whose target is at fault holds back the batch, and with it the partition,
 * until the target is fixed.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { RecordBatch } from '@weir/kafka'
import { backOff } from './back-off.ts'
import type { Batcher } from './batcher.ts'
import type { Holds } from './holds.ts'
import { Settlement } from './settlement.ts'

type Batch = Pick<RecordBatch, 'length' | 'partition'>

export interface Delivering {
  readonly batcher: Pick<Batcher<unknown>, 'full' | 'room'>
  readonly holds: Pick<Holds, 'hold' | 'release'>
  /** Hands record i to the batcher, or refuses it. Called again for a record that was held. */
  add(i: number, settlement: Settlement): void
}

/**
 * Resolves when every record is delivered or refused for good; rejects when the signal aborts. Held records
 * are kept only by number, and their items are recreated from the batch. One of them is tried at least every
 * 10 s. Once it is accepted, the others follow, so their order is kept even if the target is fixed in the
 * middle of a request.
 */
export async function deliver(
  batch: Batch,
  signal: AbortSignal,
  delivering: Delivering,
): Promise<Settlement> {
  const { batcher, holds, add } = delivering
  const settlement = new Settlement(batch, signal)
  try {
    for (let i = 0; i < batch.length; i++) {
      if (batcher.full) await batcher.room(signal)
      add(i, settlement)
    }
    await settlement.all()
    for (let tries = 0; settlement.held.length > 0; ) {
      const { fault } = settlement
      if (fault !== undefined) {
        holds.hold(batch.partition, fault, settlement.held.length)
        await pause(backOff(++tries), undefined, { signal })
      }
      for (const i of settlement.reopen(fault && 1)) {
        if (batcher.full) await batcher.room(signal)
        add(i, settlement)
      }
      await settlement.all()
      if (settlement.fault === undefined) tries = 0
    }
  } finally {
    holds.release(batch.partition)
  }
  return settlement
}
