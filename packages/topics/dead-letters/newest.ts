/** The newest dead letters, with cause, origin, headers, and the record as far as it can be read. */
import { type Codec, type DecodeValue, valueDecoder } from '@weir/codec'
import {
  type DeadLetter,
  type DeadLetterTopic,
  HEADERS,
  isDeadLetterHeader,
  type TopicTable,
} from '@weir/contracts'
import { headerOf, type Kafka, listHeaders, type RecordBatch } from '@weir/kafka'
import { eachLetter, type LettersOptions, letterOf, wasRedriven } from './letters.ts'
import type { Select } from './selection.ts'

/** Headers in order: a name may occur several times, and a value may be null. */
export type SeenHeaders = readonly (readonly [name: string, value: Buffer | null])[]

export interface ShownLetter {
  /** partition:offset */
  readonly at: string
  /** Whether it was sent back. */
  readonly redriven: boolean
  readonly letter: DeadLetter
  readonly headers: SeenHeaders
  /**
   * The original value, decoded by its contract; undefined if it cannot be decoded, for the reason in
   * `problem`.
   */
  readonly value: unknown
  readonly problem: string | undefined
}

export interface NewestOptions extends LettersOptions {
  readonly kafka: Pick<Kafka, 'fetch' | 'read'>
  readonly codec: Codec
  /** Every topic. */
  readonly topics: TopicTable
  readonly topic: DeadLetterTopic
  readonly select: Select
  readonly count: number
  /** Values with more bytes are not decoded. */
  readonly maxValueBytes?: number
}

export interface NewestLetters {
  /** The newest last. */
  readonly letters: readonly ShownLetter[]
  /** Number of selected records that are not dead letters. */
  readonly invalid: number
}

interface Found {
  readonly partition: number
  readonly offset: number
  readonly timestamp: number
}

const TRUNCATED = 'Truncated: this is the beginning of the value, the whole lies at its origin.'
const FETCH_BYTES = 1 << 20

/** Finds the newest by their headers, and reads only those. */
export async function newestLetters(options: NewestOptions): Promise<NewestLetters> {
  const { kafka, topic, select, count } = options
  let newest: Found[] = []
  let invalid = 0
  const cut = (): void => {
    newest = newest.sort((a, b) => a.timestamp - b.timestamp).slice(-count)
  }
  const holding = await eachLetter(
    kafka,
    topic,
    (batch, index) => {
      if (!select(batch, index)) return
      if (headerOf(batch, index, HEADERS.deadCode) === undefined) invalid++
      else {
        const { partition } = batch
        newest.push({ partition, offset: batch.offsets[index], timestamp: batch.timestamps[index] })
        if (newest.length >= 2 * count) cut()
      }
    },
    options,
  )
  cut()
  const read = await openReading(options)
  const letters: { readonly found: Found; readonly shown: ShownLetter }[] = []
  const inOrder = newest.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset)
  for (const found of inOrder) {
    const shown = await read(found, wasRedriven(holding, found.partition, found.offset))
    if (shown === undefined) invalid++
    else letters.push({ found, shown })
  }
  letters.sort((a, b) => a.found.timestamp - b.found.timestamp)
  return { letters: letters.map(({ shown }) => shown), invalid }
}

/**
 * Returns a function that reads one letter after the other, in the order of their offsets; it resolves to
 * undefined if the record is not a dead letter, or is there no more.
 */
async function openReading(
  options: NewestOptions,
): Promise<(found: Found, redriven: boolean) => Promise<ShownLetter | undefined>> {
  const { kafka, codec, topics, topic, maxValueBytes = Infinity } = options
  const reader = await codec.reader(topic)
  const decoders = new Map<string, DecodeValue>()
  let batch: RecordBatch | undefined
  return async ({ partition, offset }, redriven) => {
    options.signal?.throwIfAborted()
    let index = batch?.partition === partition ? batch.offsets.indexOf(offset) : -1
    if (batch === undefined || index < 0) {
      batch = await kafka.fetch(topic, partition, offset, FETCH_BYTES)
      await reader.prepare(batch)
      index = batch.offsets.indexOf(offset)
    }
    const letter = index < 0 ? undefined : letterOf(reader, batch, index)
    if (letter === undefined) return undefined
    if (!decoders.has(letter.topic))
      decoders.set(letter.topic, await valueDecoder(codec, topics, letter.topic))
    const decode = decoders.get(letter.topic)!
    return { redriven, ...(await showLetter(batch, index, letter, decode, maxValueBytes)) }
  }
}

async function showLetter(
  batch: RecordBatch,
  index: number,
  letter: DeadLetter,
  decode: DecodeValue,
  maxValueBytes: number,
): Promise<Omit<ShownLetter, 'redriven'>> {
  const headers = listHeaders(batch.bytes, batch.headersStart[index])
    .filter(([name]) => !isDeadLetterHeader(name))
    // The batch's own bytes are gone when dead letters are shown.
    .map(([name, bytes]) => [name, bytes && Buffer.from(bytes)] as const)
  const { value, problem } = await valueOf(letter, decode, maxValueBytes)
  return { at: `${batch.partition}:${batch.offsets[index]}`, letter, headers, value, problem }
}

async function valueOf(
  { lastOffset, truncated, value }: DeadLetter,
  decode: DecodeValue,
  maxValueBytes: number,
): Promise<Pick<ShownLetter, 'value' | 'problem'>> {
  if (lastOffset !== null) return { value: undefined, problem: 'Nothing of these records could be read.' }
  if (truncated) return { value: undefined, problem: TRUNCATED }
  if (value === null) return { value: null, problem: undefined }
  if (value.length > maxValueBytes)
    return { value: undefined, problem: `The value has ${value.length} bytes: this is its beginning.` }
  return decode(value)
}
