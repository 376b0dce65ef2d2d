/** A transaction that belongs to no group: the caller that begins it is the only holder of its id. */
import type { Appender } from '../../port.ts'
import type { Cluster } from '../cluster.ts'
import { TransactionOutput } from '../transaction-output.ts'
import { Transactor } from './transactor.ts'

/** Limit for beginning the transaction. */
const LIMIT_MS = 20_000
const LANE = 'transact'

export async function transact(
  cluster: Cluster,
  transactionalId: string,
  work: (out: Appender) => Promise<void> | void,
): Promise<void> {
  const transactor = new Transactor(cluster, transactionalId, LANE)
  const signal = AbortSignal.timeout(LIMIT_MS)
  await transactor.begin(signal)
  const output = new TransactionOutput()
  try {
    await work(output)
    for (const topic of new Set(output.partitions.map((written) => written.topic))) await cluster.topic(topic)
    if (output.partitions.length > 0) await transactor.commit(output.partitions, undefined, signal)
  } finally {
    output.release()
  }
}
