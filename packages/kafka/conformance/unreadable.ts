/**
 * A record batch that brokers accept and no client can read: brokers do not check the stated length of a
 * compressed record.
 */
import { Cluster } from '../client/cluster.ts'
import { brokerError, OK } from '../client/protocol/codes.ts'
import { produceV9 } from '../client/protocol/produce.ts'
import { NO_HEADERS } from '../index.ts'
import { SILENT } from '../log.ts'
import { BatchWriter } from '../records/batch-writer.ts'
import { CODEC_NUMBER } from '../records/codecs.ts'
import { AT } from '../records/format.ts'
import { connect } from '../transports/platformatic.ts'
import { configOf, VARIANTS } from './variant.ts'

const NOBODY = { producerId: -1n, producerEpoch: -1, baseSequence: -1, transactional: false }
/** A varint's step from one length to the next. */
const ONE_BYTE = 2

/** Stores such a batch with that number of records. Resolves to the offset of the first one. */
export async function storeUnreadable(
  brokers: readonly string[],
  topic: string,
  partition: number,
  records: number,
): Promise<number> {
  const writer = new BatchWriter()
  const value = Buffer.from('value')
  for (let i = 0; i < records; i++)
    writer.append(null, 0, 0, value, 0, value.length, NO_HEADERS, 0, NO_HEADERS.length)
  writer.bytes[AT.records] += ONE_BYTE
  const cluster = new Cluster(configOf(VARIANTS[0], brokers), SILENT, connect)
  try {
    await cluster.topic(topic)
    const leader = cluster.leader(topic, partition)!
    const batch = { topic, partition, records: writer.finish(NOBODY, CODEC_NUMBER.gzip) }
    const [{ errorCode, baseOffset }] = await cluster.call(leader, 'main', produceV9, null, [batch])
    if (errorCode !== OK) throw brokerError(errorCode, `Writing to ${topic}/${partition}`)
    return baseOffset
  } finally {
    await cluster.stop()
  }
}
