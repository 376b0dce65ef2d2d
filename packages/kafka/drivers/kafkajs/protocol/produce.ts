/**
 * Produce v7 with one finished record batch for one partition (Kafka protocol guide, "Produce API"). kafkajs'
 * own request takes an object per record.
 */
import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import { Answer, Body, encoded, stringSize } from './bytes.ts'

const PRODUCE = 0
const ALL_IN_SYNC = -1
/** Milliseconds that the leader waits for its followers; below the connection's own timeout. */
const ACKS_TIMEOUT_MS = 8_000

export interface Produced {
  /** 0 when stored on all in-sync replicas. */
  readonly errorCode: number
  /**
   * The offset of the batch's first record, also for a repetition that the broker remembers; otherwise -1.
   */
  readonly baseOffset: number
  /** The broker's time of arrival, ms since the epoch; -1 if the topic keeps the producer's. */
  readonly appendTime: number
}

export function produce(
  topic: string,
  partition: number,
  batch: Buffer,
  transactionalId: string | null,
): ProtocolCall<Produced> {
  const encode = async () =>
    encoded(
      new Body(stringSize(transactionalId) + 2 + 4 + 4 + stringSize(topic) + 4 + 4 + 4 + batch.length)
        .string(transactionalId)
        .int16(ALL_IN_SYNC)
        .int32(ACKS_TIMEOUT_MS)
        .int32(1)
        .string(topic)
        .int32(1)
        .int32(partition)
        .int32(batch.length)
        .raw(batch).bytes,
    )
  return {
    request: { apiKey: PRODUCE, apiVersion: 7, apiName: 'Produce', encode },
    response: { decode, parse },
    logResponseError: false,
  }
}

async function decode(payload: Buffer): Promise<Produced & { clientSideThrottleTime: number }> {
  const answer = new Answer(payload)
  let errorCode = 0
  let baseOffset = -1
  let appendTime = -1
  answer.array(() => {
    answer.string()
    answer.array(() => {
      answer.int32() // partition
      errorCode = answer.int16()
      baseOffset = Number(answer.int64())
      appendTime = Number(answer.int64())
      answer.int64() // start of the log
    })
  })
  return { errorCode, baseOffset, appendTime, clientSideThrottleTime: answer.int32() }
}

async function parse({ errorCode, baseOffset, appendTime }: Produced): Promise<Produced> {
  return { errorCode, baseOffset, appendTime }
}
