/** Fetch v11, with the record batches left as bytes and each partition's error by itself (Kafka protocol guide, "Fetch API"). */
import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import type { AbortedTransaction } from '../../../records/batch-reader.ts'
import { Answer, Body, encoded, stringSize } from './bytes.ts'

const FETCH = 1
const CONSUMER = -1
const READ_COMMITTED = 1
const NO_SESSION = 0
const FINAL_EPOCH = -1
const UNKNOWN_EPOCH = -1
/** Bytes of a whole response and of one partition in it. A record batch that is larger comes all the same, alone. */
const MOST_BYTES = 10 * 1024 * 1024
const MOST_PARTITION_BYTES = 1024 * 1024

export interface FetchFrom {
  readonly topic: string
  readonly partition: number
  readonly offset: number
}

export interface Fetched {
  readonly topic: string
  readonly partition: number
  readonly errorCode: number
  readonly lastStableOffset: number
  readonly aborted: readonly AbortedTransaction[]
  /** The replica that the broker wants us to read from; -1: itself. */
  readonly preferredReplica: number
  /** A view of the response. */
  readonly bytes: Buffer
}

/** Answers as soon as a byte is there, at most after `maxWaitMs`. */
export function fetch(from: readonly FetchFrom[], maxWaitMs: number, rack: string, partitionBytes = MOST_PARTITION_BYTES): ProtocolCall<Fetched[]> {
  const encode = async () => {
    const topics = Map.groupBy(from, ({ topic }) => topic)
    let size = 4 + 4 + 4 + 4 + 1 + 4 + 4 + 4 + 4 + stringSize(rack)
    for (const [topic, partitions] of topics) size += stringSize(topic) + 4 + partitions.length * (4 + 4 + 8 + 8 + 4)
    const body = new Body(size).int32(CONSUMER).int32(maxWaitMs).int32(1).int32(MOST_BYTES).int8(READ_COMMITTED).int32(NO_SESSION).int32(FINAL_EPOCH)
    body.int32(topics.size)
    for (const [topic, partitions] of topics) {
      body.string(topic).int32(partitions.length)
      for (const { partition, offset } of partitions) body.int32(partition).int32(UNKNOWN_EPOCH).int64(offset).int64(-1).int32(partitionBytes)
    }
    return encoded(body.int32(0).string(rack).bytes)
  }
  return { request: { apiKey: FETCH, apiVersion: 11, apiName: 'Fetch', encode }, response: { decode, parse }, logResponseError: false }
}

async function decode(payload: Buffer): Promise<{ clientSideThrottleTime: number, partitions: Fetched[] }> {
  const answer = new Answer(payload)
  const clientSideThrottleTime = answer.int32()
  answer.int16() // error of the fetch session, of which there is none
  answer.int32()
  const partitions = answer.array(() => {
    const topic = answer.string()
    return answer.array((): Fetched => {
      const partition = answer.int32()
      const errorCode = answer.int16()
      answer.int64() // high watermark
      const lastStableOffset = Number(answer.int64())
      answer.int64() // start of the log
      const aborted = answer.array(() => ({ producerId: answer.int64(), firstOffset: Number(answer.int64()) }))
      return { topic, partition, errorCode, lastStableOffset, aborted, preferredReplica: answer.int32(), bytes: answer.block() }
    })
  }).flat()
  return { clientSideThrottleTime, partitions }
}

async function parse({ partitions }: { partitions: Fetched[] }): Promise<Fetched[]> {
  return partitions
}
