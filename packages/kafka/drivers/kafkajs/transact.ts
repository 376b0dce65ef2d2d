/** A transaction that belongs to no group: the caller that begins it is the only holder of its id. */
import type { Appender } from '../../port.ts'
import { TransactionOutput } from '../transaction-output.ts'
import type { Cluster } from './cluster.ts'
import { toKafkaError } from './errors.ts'
import { TransactionalProducer } from './transaction.ts'

export async function transact(
  cluster: Cluster,
  transactionalId: string,
  work: (out: Appender) => Promise<void> | void,
): Promise<void> {
  const output = new TransactionOutput()
  try {
    const producer = await TransactionalProducer.begin(cluster, transactionalId, 0)
    await work(output)
    for (const { topic } of output.partitions) await cluster.partitions(topic)
    if (output.partitions.length > 0) await producer.commit(output)
  } catch (error) {
    throw toKafkaError(error, `Transaction ${transactionalId} failed`)
  } finally {
    output.release()
  }
}
