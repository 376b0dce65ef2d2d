/**
 * The identity under which one partition is written: a producer id and the sequence number of the next
 * record, by which the broker drops duplicates.
 */
import type { Cluster } from './cluster.ts'
import { retrying } from './retry.ts'

/** Sequences have 31 bits and begin again at 0. */
const SEQUENCE_MASK = 0x7fffffff
const MAX_EPOCH = 0x7ffe
const INIT_PATIENCE_MS = 30_000

export class Sequence {
  readonly producerId: bigint
  readonly producerEpoch: number
  next = 0

  constructor(producerId: bigint, producerEpoch: number) {
    this.producerId = producerId
    this.producerEpoch = producerEpoch
  }

  /**
   * Returns the identity to continue with when a batch may still be on its way to the broker. It has a higher
   * epoch, which an idempotent producer may raise itself (KIP-360). The epoch fences that batch, so that it
   * cannot be stored after what follows. Undefined when the 15 bits are used up.
   */
  raised(): Sequence | undefined {
    return this.producerEpoch < MAX_EPOCH ? new Sequence(this.producerId, this.producerEpoch + 1) : undefined
  }

  advance(records: number): void {
    this.next = (this.next + records) & SEQUENCE_MASK
  }
}

/** Requests a new identity; any broker can give one. */
export function newSequence(cluster: Cluster): Promise<Sequence> {
  const ask = async (): Promise<Sequence> => {
    const link = await cluster.any()
    const { producerId, producerEpoch } = await link.call('InitProducerId', {
      transactionalId: null,
      transactionTimeout: INIT_PATIENCE_MS,
    })
    return new Sequence(BigInt(producerId), producerEpoch)
  }
  return retrying(ask, () => cluster.refresh(), INIT_PATIENCE_MS)
}
