/** Runs a detector over the records that a topic has now: one series per key. */
import type { CheckedSettings, Detector } from '@weir/alerter/detectors/detector.ts'
import { type Finding, Series } from '@weir/alerter/detectors/series.ts'
import { valueDecoder } from '@weir/codec'
import type { RecordBatch } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { Refused, UsageError } from '../command.ts'
import { valueAt } from '../json.ts'
import { contractOf, existingTopic, withCodec, withKafka } from '../kafka.ts'
import { type SeenRecord, seeRecord } from '../tail/decoder.ts'
import type { Filter } from '../tail/filter.ts'
import type { State } from './file.ts'

/** A forest takes about 3 MB in memory, other detectors a few KB. */
const MAX_SERIES = { withForest: 200, other: 100_000 }
const MAX_FINDINGS = 1_000_000

export interface TopicOptions {
  readonly topic: string
  readonly field: string
  /** undefined: the key of the record. */
  readonly key?: string | undefined
  /** undefined: the time of arrival. */
  readonly time?: string | undefined
  readonly unit?: string | undefined
  readonly filters: Filter
}

export interface TopicResult {
  readonly found: readonly Finding[]
  readonly records: number
  readonly series: number
  readonly ignored: number
}

export async function detectInTopic(
  options: TopicOptions,
  detector: Detector,
  settings: CheckedSettings,
  signal: AbortSignal,
  state: State,
): Promise<TopicResult> {
  const work = new TopicDetection(options, detector, settings)
  await withKafka((kafka) =>
    withCodec(async (codec) => {
      const topic = await existingTopic(kafka, options.topic)
      if (contractOf(topic) === undefined)
        throw new UsageError(`${topic} has no contract, so its values cannot be decoded.`)
      const decode = await valueDecoder(codec, topics, topic)
      const take = async (batch: RecordBatch): Promise<void> => {
        for (let i = 0; i < batch.length && !signal.aborted; i++) {
          work.take(await seeRecord(batch, i, decode))
          state.records++
        }
      }
      const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, take)
      try {
        await Promise.race([reading.done, stopped])
      } finally {
        await reading.stop()
      }
    }),
  )
  return work.result()
}

class TopicDetection {
  readonly #options: TopicOptions
  readonly #detector: Detector
  readonly #settings: CheckedSettings
  readonly #series = new Map<string, Series>()
  readonly #found: Finding[] = []
  readonly #paths: { field: string[]; key: string[] | undefined; time: string[] | undefined }
  #records = 0

  constructor(options: TopicOptions, detector: Detector, settings: CheckedSettings) {
    this.#options = options
    this.#detector = detector
    this.#settings = settings
    this.#paths = {
      field: options.field.split('.'),
      key: options.key?.split('.'),
      time: options.time?.split('.'),
    }
  }

  /** A record without a value still counts as one that is ignored. */
  take(record: SeenRecord): void {
    if (record.value === null || !this.#options.filters(record)) return
    const { field, key, time } = this.#paths
    const name = String(key === undefined ? record.key : valueAt(record.value, key))
    this.#records++
    const when = time === undefined ? record.timestamp : numberOf(valueAt(record.value, time))
    this.#of(name).feed(when, numberOf(valueAt(record.value, field)), this.#found)
    if (this.#found.length > MAX_FINDINGS)
      throw new Refused(`There are more than ${MAX_FINDINGS} findings; raise the limits of the detector.`)
  }

  result(): TopicResult {
    const ignored = [...this.#series.values()].reduce((sum, one) => sum + one.ignored, 0)
    return { found: this.#found, records: this.#records, series: this.#series.size, ignored }
  }

  #of(name: string): Series {
    const known = this.#series.get(name)
    if (known) return known
    const most = this.#detector.shared ? MAX_SERIES.withForest : MAX_SERIES.other
    if (this.#series.size === most)
      throw new Refused(
        `${this.#options.topic} has more than ${most} series; choose some with --filter, or another --detector.`,
      )
    const { field, unit } = this.#options
    const made = new Series(this.#detector, this.#settings, {
      sensor: `${name} ${field}`,
      ...(unit !== undefined && { unit }),
    })
    this.#series.set(name, made)
    return made
  }
}

/** NaN for anything but a number. */
function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  return typeof value === 'bigint' ? Number(value) : Number.NaN
}
