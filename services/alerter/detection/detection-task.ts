/**
 * Runs the detectors of a partition's devices. Findings, states and the offset of the readings are one transaction.
 */
import type { Reader, Writer } from '@weir/codec'
import type { DetectorStates, Finding as StoredFinding } from '@weir/contracts'
import { HEADERS } from '@weir/contracts'
import { type Appender, appendRecord, encodeValue, partitionOfKey, type RecordBatch } from '@weir/kafka'
import type { Logger } from '@weir/service'
import type { DetectionDefinition } from '@weir/solutions'
import type { Keyed, KeyedState, KeyedWork } from '@weir/state'
import type { ConsumerStage } from '@weir/topics'
import type { Finding } from '../detectors/series.ts'
import { Devices } from './devices.ts'
import type { Plans } from './plans.ts'

export interface DetectionTaskOptions {
  readonly definition: DetectionDefinition
  readonly reader: Reader
  readonly writer: Writer<StoredFinding>
  /** Of the topic of findings. */
  readonly partitions: number
  readonly plans: Plans
  readonly stage: Pick<ConsumerStage, 'bury' | 'buryUnreadable' | 'resumed' | 'account'>
  readonly log: Pick<Logger, 'error'>
}

type States = KeyedState<DetectorStates>

/** A time further ahead of its arrival is not believed. */
const MAX_AHEAD_MS = 5 * 60_000
/** If a task gets no record for this time, it has none to catch up with. */
const SETTLED_MS = 5000
/** Devices that one turn tells the time. Their findings must fit into a transaction; others wait for the next turn. */
const MAX_DUE = 1000

export class DetectionTask implements KeyedWork<DetectorStates> {
  readonly #options: DetectionTaskOptions
  #devices: Devices
  /** Devices whose series have changed in this turn. */
  readonly #touched = new Map<Keyed<DetectorStates>, Pick<DetectorStates, 'classOf' | 'heardAt'>>()
  /** Whether all records that were there are read, so that a device without records is silent. */
  #isCaughtUp = false
  #quietSince = 0

  constructor(options: DetectionTaskOptions) {
    this.#options = options
    this.#devices = new Devices(options.log, Date.now())
  }

  begin(): void {
    this.#devices = new Devices(this.#options.log, Date.now())
    this.#touched.clear()
    this.#isCaughtUp = false
    this.#quietSince = performance.now()
  }

  async process(batch: RecordBatch, states: States, out: Appender, signal: AbortSignal): Promise<void> {
    const { reader, stage } = this.#options
    if (batch.unreadable !== undefined) stage.buryUnreadable(out, batch)
    this.#isCaughtUp = batch.nextOffset >= batch.endOffset
    this.#quietSince = performance.now()
    if (batch.length === 0) return
    await stage.resumed(signal)
    await reader.prepare(batch)
    let dead = 0
    for (let i = 0; i < batch.length; i++) {
      try {
        this.#take(batch, i, states, out)
      } catch (error) {
        const { code, message } = error as Error & { code?: string }
        // Errors with a code say that this record cannot be used; nothing has changed then.
        if (code === undefined || !RECORD_ERRORS.has(code)) throw error
        stage.bury(out, batch, i, 'detect', { code, message })
        // Clients that invent devices must not make the stage pause.
        if (code !== 'too-many-keys') dead++
      }
    }
    this.#save(states)
    stage.account(batch, dead)
  }

  tick(now: number, states: States, out: Appender): void {
    if (!this.#isCaughtUp && performance.now() - this.#quietSince < SETTLED_MS) return
    this.#isCaughtUp = true
    for (let taken = 0; taken < MAX_DUE; taken++) {
      const keyed = states.take('clock', now)
      if (keyed === undefined) break
      const { classOf, heardAt } = keyed.value!
      const plan = this.#options.plans.of(classOf)
      if (this.#devices.isForgotten(keyed, now) || plan === undefined) {
        this.#devices.rest(keyed, now)
        states.put(keyed)
        continue
      }
      const found: Finding[] = []
      this.#devices.tick(keyed, plan, now, found)
      this.#touched.set(keyed, { classOf, heardAt })
      for (const finding of found) this.#write(finding, keyed, out)
    }
    this.#save(states)
  }

  #take(batch: RecordBatch, i: number, states: States, out: Appender): void {
    const { definition, reader, plans } = this.#options
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, timestamps } = batch
    if (keyStart[i] < 0 || keyStart[i] === keyEnd[i])
      throw new RecordError('invalid', 'The record does not have a key.')
    if (valueStart[i] < 0) throw new RecordError('undecodable', 'The record does not have a value.')
    const value = reader.decode(bytes, valueStart[i], valueEnd[i])
    const timeMs = value[definition.eventTime]
    if (timeMs > timestamps[i] + MAX_AHEAD_MS)
      throw new RecordError('invalid', `${definition.eventTime}: ${timeMs} is more than 5 minutes ahead`)
    const classOf = definition.classOf(value)
    const plan = plans.of(classOf)
    if (plan === undefined)
      throw new RecordError(
        'invalid',
        `The table ${definition.table} does not have "${classOf.slice(0, 100)}".`,
      )
    const keyed = states.at(bytes, keyStart[i], keyEnd[i])
    const found: Finding[] = []
    this.#devices.feed(keyed, plan, value, timeMs, found)
    this.#touched.set(keyed, { classOf, heardAt: timestamps[i] })
    for (const finding of found) this.#write(finding, keyed, out)
  }

  #save(states: States): void {
    for (const [keyed, touched] of this.#touched) {
      this.#devices.save(keyed, touched)
      states.put(keyed)
    }
    this.#touched.clear()
  }

  #write(finding: Finding, { key }: Keyed<DetectorStates>, out: Appender): void {
    const { definition, writer, partitions } = this.#options
    const device = key.toString()
    const value = encodeValue(writer, stored(finding, device))
    const headers = {
      [HEADERS.id]: `${device}/${finding.id}/${finding.status}`,
      [HEADERS.source]: definition.name,
    }
    appendRecord(out, {
      topic: definition.output,
      partition: partitionOfKey(key, partitions),
      key,
      value,
      headers,
    })
  }
}

class RecordError extends Error {
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

/** Errors of one record: its own, those of its key's state, and those of decoding. */
const RECORD_ERRORS: ReadonlySet<string> = new Set([
  'invalid',
  'undecodable',
  'unknown-schema',
  'too-many-keys',
  'key-too-long',
])

function stored(finding: Finding, device: string): StoredFinding {
  const { id, status, sensor, unit, detector, sinceMs, untilMs, expected, seen, score, why } = finding
  return {
    device,
    id,
    status,
    sensor,
    unit: unit ?? null,
    detector,
    since: Math.round(sinceMs),
    until: untilMs === undefined ? null : Math.round(untilMs),
    low: finite(expected.low),
    high: finite(expected.high),
    seen: seen ?? null,
    score,
    why,
  }
}

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
