/** Sends dead letters back to the topics they came from, byte for byte, under their own ids. */

import type { Reader } from '@weir/codec'
import type { DeadLetter } from '@weir/contracts'
import {
  type Delivery,
  editHeaders,
  encodeHeaders,
  type Kafka,
  KafkaError,
  type Producer,
  partitionFor,
  REDRIVEN,
  type RecordBatch,
} from '@weir/kafka'
import { eachLetter, type Holding, letterOf, MARK_HEADER, wasRedriven } from './letters.ts'
import type { Select } from './select.ts'

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
}

/**
 * Number of dead letters sent before their marks are written. After a crash in between, these go out once
 * more, under the same ids.
 */
const WINDOW = 500

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
  const { kafka, reader, holding, select, origins, again, sent } = options
  const producer = await kafka.producer()
  const partitions = new Map<string, number>()
  let window: Letter[] = []
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
    delivery = producer.delivery()
  }

  try {
    await eachLetter(kafka, holding.topic, async (batch, index) => {
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
      append(delivery, letter, partitions.get(letter.topic)!, headersOf(batch, index))
      window.push({ partition, offset })
      if (window.length >= WINDOW) await settle()
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
 * Appends the record to the partition it came from, which is its key's. If the topic was recreated with fewer
 * partitions, the key decides.
 */
function append(
  delivery: Delivery,
  { topic, partition, key, value }: DeadLetter,
  partitions: number,
  headers: Buffer,
): void {
  const target =
    partition < partitions ? partition : key === null ? 0 : partitionFor(key, 0, key.length, partitions)
  delivery.append(
    topic,
    target,
    key,
    0,
    key?.length ?? 0,
    value,
    0,
    value?.length ?? 0,
    headers,
    0,
    headers.length,
  )
}

/** The record's own headers, weir-id among them, and its position in the dead-letter topic. */
function headersOf(batch: RecordBatch, index: number): Buffer {
  const keep = (name: string): boolean => !name.startsWith('weir-dead-') && name !== REDRIVEN
  return editHeaders(batch.bytes, batch.headersStart[index], keep, {
    [REDRIVEN]: `${batch.topic}/${batch.partition}/${batch.offsets[index]}`,
  })
}

async function mark(producer: Producer, topic: string, letters: readonly Letter[]): Promise<void> {
  const delivery = producer.delivery()
  for (const { partition, offset } of letters) {
    const headers = encodeHeaders({ [MARK_HEADER]: String(offset) })
    delivery.append(topic, partition, null, 0, 0, null, 0, 0, headers, 0, headers.length)
  }
  const failures = await delivery.settled()
  if (failures.length > 0)
    throw new KafkaError(
      failures[0].error.code,
      `the last ${letters.length} letters were sent and could not be marked as sent`,
      failures[0].error,
    )
}
