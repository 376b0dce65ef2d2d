/**
 * A sink: topic → decode → document → bulk requests → search engine. Kafka makes it at-least-once, and the
 * documents' ids make it effectively once.
 */
import { setTimeout as pause } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { MAX_DEAD_LETTER_BATCH_BYTES } from '@weir/contracts/topic-configs.ts'
import { DeadRate } from '@weir/flow'
import {
  type DeadLetterOptions,
  deadLetters,
  type Kafka,
  type Producer,
  type RecordBatch,
  totalLag,
  unreadableLetters,
  writeRecords,
} from '@weir/kafka'
import { type Logger, type Resource, stage as stageNamed, watchGroup } from '@weir/service'
import type { IndexDefinition } from '@weir/solutions/solution.ts'
import type { Bulker } from './bulker.ts'
import { documents } from './documents.ts'
import { Holds } from './holds.ts'
import { indexBatch } from './indexing.ts'
import { sinkMetrics } from './metrics.ts'
import type { Settlement } from './settlement.ts'

/**
 * Each partition is read in batches of about one bulk request, so that the records in flight and fetched
 * ahead stay few.
 */
const BATCH_RECORDS = 2000
const PAUSE_MS = 60_000
const LAG_MS = 1000
const TOO_MANY_DEAD = "it pauses, since more than 5 % of the last minute's records were dead letters"

export interface SinkDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly producer: Producer
  readonly bulker: Bulker
  readonly log: Logger
  /** How long the sink pauses after too many dead letters (default one minute). */
  readonly pauseMs?: number
}

export interface Sink {
  /** True, or the reason why not; false while the sink joins its group. */
  ready(): boolean | string
}

export async function openSink(
  definition: IndexDefinition,
  { kafka, codec, producer, bulker, log, pauseMs = PAUSE_MS }: SinkDeps,
): Promise<Resource<Sink>> {
  const name = `indexer.${definition.name}`
  const stage = stageNamed(name)
  const fates = {
    created: sinkMetrics.documents.labels(name, 'created'),
    duplicate: sinkMetrics.documents.labels(name, 'duplicate'),
    dead: sinkMetrics.documents.labels(name, 'dead'),
  }
  const reader = await codec.reader(definition.source)
  const lines = { action: '', id: '', document: '' }
  const document = documents(definition, reader, lines)
  const deadRate = new DeadRate()
  const holds = new Holds(name, log)
  let resumeAt = 0

  async function handle(batch: RecordBatch, signal: AbortSignal): Promise<void> {
    if (batch.unreadable !== undefined)
      await buryUnreadable(batch, batch.nextOffset - batch.unreadable.firstOffset)
    if (batch.length === 0) return
    while (resumeAt > Date.now()) await pause(resumeAt - Date.now(), undefined, { signal })
    await reader.prepare(batch)
    const settlement = await indexBatch(batch, signal, {
      bulker,
      holds,
      add: (i, owner) => add(batch, i, owner),
    })
    if (settlement.dead.length > 0) await buryAll(batch, settlement)
    account(settlement, batch)
  }

  function add(batch: RecordBatch, i: number, owner: Settlement): void {
    const refusal = document(batch, i)
    if (refusal) owner.refused(i, refusal.step, refusal.cause)
    else bulker.add(lines.action, lines.id, lines.document, owner, i)
  }

  /**
   * If a dead letter cannot be stored, the batch is rejected: it is delivered again, and the documents
   * already indexed become duplicates.
   */
  async function buryAll(batch: RecordBatch, { dead }: Settlement): Promise<void> {
    const bury = deadLetters(await codec.writer(definition.deadLetter), await letters())
    const inOrder = dead.sort((a, b) => a.record - b.record)
    await writeRecords(producer, (out) => {
      for (const { record, step, cause } of inOrder) bury(out, batch, record, step, cause)
    })
  }

  async function buryUnreadable(batch: RecordBatch, records: number): Promise<void> {
    const bury = unreadableLetters(await codec.writer(definition.deadLetter), await letters())
    await writeRecords(producer, (out) => bury(out, batch))
    stage.failed(records)
    fates.dead.inc(records)
  }

  async function letters(): Promise<DeadLetterOptions> {
    const partitions = await kafka.partitions(definition.deadLetter)
    const { deadLetter: topic } = definition
    return { topic, partitions, maxBatchBytes: MAX_DEAD_LETTER_BATCH_BYTES, flow: name }
  }

  function account({ created, duplicates, dead }: Settlement, batch: RecordBatch): void {
    const now = Date.now()
    stage.done(created + duplicates)
    stage.failed(dead.length)
    stage.latencies(now, batch.timestamps, batch.length)
    fates.created.inc(created)
    fates.duplicate.inc(duplicates)
    fates.dead.inc(dead.length)
    if (deadRate.trips(now, batch.length, dead.length)) rest(now)
  }

  /**
   * There are more dead letters than a healthy stream has: stops writing more of them, logs an error, and
   * tries again after the pause.
   */
  function rest(now: number): void {
    // Batches of other partitions may have been in progress when the pause began.
    if (resumeAt > now) return
    log.error(
      { sink: name },
      `more than 5 % of the last minute's records were dead letters; the sink pauses for ${pauseMs / 1000} s`,
    )
    deadRate.reset(now)
    resumeAt = now + pauseMs
  }

  /** The reason why the sink reads no further although the engine is available. */
  const trouble = (): string | undefined => (resumeAt > Date.now() ? TOO_MANY_DEAD : holds.reason)

  sinkMetrics.paused.set({ sink: name }, 0)
  const subscription = await kafka.consume(
    { groupId: name, topics: [definition.source], startAt: 'earliest', maxBatchRecords: BATCH_RECORDS },
    handle,
  )
  const unwatch = watchGroup(subscription, kafka)
  // Updated on a timer and not by batch: while the engine is away no batch ends, and that is when the lag
  // matters.
  const lagging = setInterval(() => {
    stage.lag(totalLag(subscription.assignments()))
    sinkMetrics.paused.set({ sink: name }, bulker.ready === true && trouble() === undefined ? 0 : 1)
  }, LAG_MS)
  return {
    value: { ready: () => trouble() ?? subscription.ready() },
    stop(drainMs) {
      clearInterval(lagging)
      unwatch()
      return subscription.stop(drainMs)
    },
  }
}
