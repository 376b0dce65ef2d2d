/** Puts records whose order can be checked: the numbers of each key count up from 0. */
import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis'

export const KEYS = 1000
/**
 * Requests in flight at once. Each lane has its own keys, so that no number can overtake another of the same
 * key.
 */
const LANES = 8
/** Records per request (API reference, PutRecords). */
const A_REQUEST = 500
/** The length of a record in bytes. */
const RECORD_LENGTH = 100

const KEYS_A_LANE = KEYS / LANES
const NUMBERS_A_REQUEST = A_REQUEST / KEYS_A_LANE

export interface Trouble {
  /**
   * Records that PutRecords refused. They are not sent again, since a later number of the same key may
   * already be stored.
   */
  refused: number
  /** Requests that the SDK sent more than once: records that the first attempt stored may be stored twice. */
  repeated: number
}

/** Puts the numbers `from` to `to` - 1 of every key; both are multiples of 4. */
export async function putNumbers(
  client: KinesisClient,
  stream: string,
  from: number,
  to: number,
  trouble: Trouble,
): Promise<void> {
  await Promise.all(
    Array.from({ length: LANES }, (_, lane) => putLane(client, stream, lane, from, to, trouble)),
  )
}

async function putLane(
  client: KinesisClient,
  stream: string,
  lane: number,
  from: number,
  to: number,
  trouble: Trouble,
): Promise<void> {
  for (let first = from; first < to; first += NUMBERS_A_REQUEST) {
    const records = Array.from({ length: A_REQUEST }, (_, i) => {
      const key = `key-${lane * KEYS_A_LANE + (i % KEYS_A_LANE)}`
      const number = first + Math.floor(i / KEYS_A_LANE)
      return { PartitionKey: key, Data: Buffer.from(`${key}:${number}`.padEnd(RECORD_LENGTH)) }
    })
    const { FailedRecordCount, $metadata } = await client.send(
      new PutRecordsCommand({ StreamName: stream, Records: records }),
    )
    trouble.refused += FailedRecordCount ?? 0
    if (($metadata.attempts ?? 1) > 1) trouble.repeated++
  }
}
