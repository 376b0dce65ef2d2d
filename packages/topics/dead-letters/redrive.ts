/** Sends dead letters back to the topics they came from, byte for byte, under their own ids. */

import type { Reader } from '@weir/codec'
import { type DeadLetter, HEADERS, isDeadLetterHeader } from '@weir/contracts'
import {
  appendRecord,
  editHeaders,
  type Kafka,
  KafkaError,
  type Producer,
  partitionOfKey,
  type RecordBatch,
} from '@weir/kafka'
import { eachLetter, type Holding, letterOf, wasRedriven } from './letters.ts'
import type { Select } from './selection.ts'

export interface RedriveOptions {
  readonly kafka: Kafka
  readonly reader: Reader<DeadLetter>
  /** The state of the topic when the redrive began: records that fail again meanwhile are not sent again. */
  readonly holding: Holding
  readonly select: Select
  /** The topics that dead letters may go back to. */
  readonly origins: ReadonlySet<string>
  /** Whether to send dead letters again that were already sent back. */
  readonly again: boolean
  readonly sent: (count: number) => void
  /** Ends the redrive early, which then rejects with the signal's reason; what was sent by then is marked. */
  readonly signal?: AbortSignal
}

/**
 * Number of dead letters sent before their marks are written. After a crash in between, these go out once
 * more, under the same ids.
 */
const WINDOW = 500
/** Large letters end a window earlier, so that the producer has room for it. */
const WINDOW_BYTES = 8 << 20

interface Letter {
  readonly partition: number
  readonly offset: number
}

export interface Redriven {
  readonly sent: number
  readonly left: LeftLetters
}

/** Counts of records that stay in the dead-letter topic. */
export interface LeftLetters {
  /** Dead letters that do not hold their whole record. */
  readonly truncated: number
  /** Dead letters that name a topic outside the origins, or a partition that it does not have. */
  readonly foreign: number
  /** Dead letters for records that could not be read at all, so there is nothing to send. */
  readonly unreadable: number
  /** Records that are not dead letters. */
  readonly invalid: number
}

/**
 * Rejects with the producer's KafkaError if a record cannot be stored; records stored in earlier windows are
 * marked.
 */
export async function redrive(options: RedriveOptions): Promise<Redriven> {
  const { kafka, reader, holding, select, origins, again, sent, signal } = options
  const producer = await kafka.producer()
  const partitions = new Map<string, number>()
  let window: Letter[] = []
  let windowBytes = 0
  let delivery = producer.delivery()
  let total = 0
  const left = { truncated: 0, foreign: 0, unreadable: 0, invalid: 0 }

  const settle = async (): Promise<void> => {
    if (window.length === 0) return
    const failures = await delivery.settled()
    // The failed records may be anywhere in the window, so none of it is marked: sending a record twice under
    // one id does less harm than not sending it at all.
    if (failures.length > 0) throw failures[0].error
    await mark(producer, holding.topic, window)
    total += window.length
    sent(total)
    window = []
    windowBytes = 0
    delivery = producer.delivery()
  }

  const send = async (batch: RecordBatch, index: number): Promise<void> => {
    const { partition } = batch
    const offset = batch.offsets[index]
    if (
      offset >= (holding.ends.get(partition) ?? 0) ||
      !select(batch, index) ||
      (!again && wasRedriven(holding, partition, offset))
    )
      return
    await reader.prepare(batch)
    const letter = letterOf(reader, batch, index)
    const obstacle = letter === undefined ? 'invalid' : obstacleTo(letter, origins)
    if (letter === undefined || obstacle !== undefined) {
      left[obstacle!]++
      return
    }
    if (!partitions.has(letter.topic)) partitions.set(letter.topic, await kafka.partitions(letter.topic))
    const { topic, key, value } = letter
    const target = targetOf(letter, partitions.get(topic)!)
    appendRecord(delivery, { topic, partition: target, key, value, headers: headersOf(batch, index) })
    window.push({ partition, offset })
    windowBytes += value?.length ?? 0
    if (window.length >= WINDOW || windowBytes >= WINDOW_BYTES) await settle()
  }

  try {
    await eachLetter(kafka, holding.topic, send, signal && { signal }).catch(async (error) => {
      if (signal?.aborted) await settle()
      throw error
    })
    await settle()
    return { sent: total, left }
  } finally {
    await producer.stop()
  }
}

/** Returns the reason why a dead letter stays where it is, or undefined if it may go back. */
function obstacleTo(
  letter: DeadLetter,
  origins: ReadonlySet<string>,
): 'unreadable' | 'truncated' | 'foreign' | undefined {
  if (letter.lastOffset !== null) return 'unreadable'
  if (letter.truncated) return 'truncated'
  return origins.has(letter.topic) && letter.partition >= 0 ? undefined : 'foreign'
}

/**
 * Returns the partition that the record came from, which is its key's. If the topic was recreated with fewer
 * partitions, the key decides.
 */
function targetOf({ partition, key }: DeadLetter, partitions: number): number {
  if (partition < partitions) return partition
  return key === null ? 0 : partitionOfKey(key, partitions)
}

/** The record's own headers, weir-id among them, and its position in the dead-letter topic. */
function headersOf(batch: RecordBatch, index: number): Buffer {
  const keep = (name: string): boolean => !isDeadLetterHeader(name) && name !== HEADERS.redriven
  return editHeaders(batch.bytes, batch.headersStart[index], keep, {
    [HEADERS.redriven]: `${batch.topic}/${batch.partition}/${batch.offsets[index]}`,
  })
}

/**
 * Writes a mark for each dead letter that was sent back, in its partition: a record without a value, whose
 * header gives the dead letter's offset. So every redrive, from any machine, knows which were sent back, and
 * marks expire no sooner than their dead letters.
 */
async function mark(producer: Producer, topic: string, letters: readonly Letter[]): Promise<void> {
  const delivery = producer.delivery()
  for (const { partition, offset } of letters) {
    const headers = { [HEADERS.redrivenOffset]: String(offset) }
    appendRecord(delivery, { topic, partition, key: null, value: null, headers })
  }
  const failures = await delivery.settled()
  if (failures.length > 0)
    throw new KafkaError(
      failures[0].error.code,
      `the last ${letters.length} letters were sent and could not be marked as sent`,
      failures[0].error,
    )
}
