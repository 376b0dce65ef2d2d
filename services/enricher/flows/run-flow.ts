/**
 * A flow on the broker port: batch → decode and steps → outputs, dead letters and late records, all in the
 * transaction that advances the offset.
 */
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { MAX_BATCH_BYTES } from '@weir/contracts/topic-configs.ts'
import { book, Dead, drop, type Ended, type Source, step } from '@weir/flow'
import { type Appender, type Kafka, KafkaError, Once, partitionFor, type RecordBatch } from '@weir/kafka'
import { maxRecordBytes } from '@weir/kafka/records/format.ts'
import { Counter, type Logger, metrics } from '@weir/service'
import { type FlowDefinition, type FlowDeps, topics } from '@weir/solutions'
import { type KeyedWork, keyedTask, type StateConfig } from '@weir/state'
import { openConsumerStage, type RunningStage } from '@weir/topics'
import type { RowViews } from '../rows.ts'
import { openWindowTasks } from './window-tasks.ts'

const dropped = new Counter({
  name: 'weir_flow_dropped_total',
  help: 'Records that a step skipped on purpose, by step/reason.',
  labelNames: ['flow', 'reason'],
  registers: [metrics],
})
const routed = new Counter({
  name: 'weir_flow_routed_total',
  help: 'Records that a step sent to another topic.',
  labelNames: ['flow', 'step', 'topic'],
  registers: [metrics],
})

export interface FlowResources {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly table: FlowDeps['table']
  readonly rows: RowViews
  /** Lengths of windows that the configuration sets, by flow. */
  readonly windowsMs?: ReadonlyMap<string, number>
  /** Where the windows of flows are kept. */
  readonly state: StateConfig
  /** Keys of one partition that may have open windows; MAX_KEYS if not given. */
  readonly maxKeys?: number
  readonly log: Logger
}

export async function runFlow(
  definition: FlowDefinition,
  resources: FlowResources,
): Promise<{ value: RunningStage; stop(drainMs: number): Promise<void> }> {
  const { kafka, codec, table, rows, log } = resources
  const windowMs = resources.windowsMs?.get(definition.name)
  const name = `enricher.${definition.name}`
  const { deadLetter } = definition
  const reader = await codec.reader(definition.source)
  const decode = step('decode', (index: number, _place: number, source: Source) => {
    if (source.valueStart[index] < 0) return new Dead('undecodable', 'The record does not have a value.')
    try {
      return reader.decode(source.bytes, source.valueStart[index], source.valueEnd[index])
    } catch (error) {
      return new Dead((error as { code?: string }).code ?? 'undecodable', (error as Error).message)
    }
  })
  let once: Once | undefined
  const repeated = drop('repeated')
  const flow = definition.build({
    decode,
    now: Date.now,
    table,
    rows: rows.of,
    ...(windowMs !== undefined && { windowMs }),
    once: (windowMs) => {
      const ids = (once = new Once({ kafka, windowMs, log }))
      return step('once', (index: number, _place: number, source: Source) =>
        ids.seen(source as RecordBatch, index) ? repeated : index,
      )
    },
  })
  await rows.open()
  const publish = await publisher(kafka, codec, flow.output as TopicName)
  const stage = await openConsumerStage({ name, kind: 'flow', deadLetter, kafka, codec, log })
  const routeTo = await router(kafka)
  const windowTasks = await openWindowTasks(definition, flow, resources)

  const erasures = flow.windows?.erasures
  const subscription = await kafka.transform(
    {
      groupId: name,
      topics: [definition.source, ...(erasures === undefined ? [] : [erasures])],
      startAt: 'earliest',
    },
    (partition) => {
      if (windowTasks === undefined)
        return {
          process: (batch, out, signal) =>
            run(batch, out, signal, (index, value) => published(publish, out, batch, index, value)),
        }
      const windows = windowTasks.value(partition)
      const work: KeyedWork<unknown> = {
        begin: windows.begin,
        tick: windows.tick,
        async process(batch, _state, out, signal) {
          await run(batch, out, signal, (index, value) => windows.take(batch, index, value))
          windows.finish(out)
        },
      }
      return keyedTask(windows.state, work, erasures)
    },
  )

  /** Runs the steps. @param take takes a value, or returns what becomes of its record instead */
  async function run(
    batch: RecordBatch,
    out: Appender,
    signal: AbortSignal,
    take: (index: number, value: any) => Ended | undefined,
  ): Promise<void> {
    if (batch.unreadable !== undefined) stage.buryUnreadable(out, batch)
    if (batch.length === 0) return
    await stage.resumed(signal)
    await Promise.all([reader.prepare(batch), once?.prepare(batch, signal)])
    const result = await flow.run(indicesOf(batch), batch)
    const { routed: routes, dead, dropped: drops } = result
    const last = flow.windows === undefined ? 'publish' : 'window'
    for (let k = 0; k < result.values.length; k++) {
      const ended = take(result.indices[k], result.values[k])
      if (ended !== undefined) book(last, ended, result.indices[k], result)
    }
    for (const { index, topic, step } of routes) {
      try {
        await routeTo(out, batch, index, topic as TopicName)
        routed.inc({ flow: definition.name, step, topic })
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error
        dead.push({ index, step, cause: new Dead('too-large', error.message) })
      }
    }
    for (const [reason, count] of drops) dropped.inc({ flow: definition.name, reason }, count)
    for (const { index, step, cause } of dead) stage.bury(out, batch, index, step, cause)
    // Clients that invent keys must not make the flow pause.
    stage.account(batch, dead.filter(({ cause }) => cause.code !== 'too-many-keys').length)
  }

  const watched = stage.watch(subscription)
  return {
    value: watched.value,
    stop: async (drainMs) => {
      await watched.stop(drainMs)
      await windowTasks?.stop(drainMs)
    },
  }
}

/**
 * Writes a value. One that the output's contract refuses, or that is too large for its topic, is a bad record like any
 * other. An error of Kafka is not.
 */
function published(
  publish: Awaited<ReturnType<typeof publisher>>,
  ...place: Parameters<Awaited<ReturnType<typeof publisher>>>
): Dead | undefined {
  try {
    publish(...place)
    return undefined
  } catch (error) {
    if (error instanceof KafkaError) throw error
    return new Dead(error instanceof TooLarge ? 'too-large' : 'invalid', (error as Error).message)
  }
}

function indicesOf({ length }: RecordBatch): number[] {
  const indices: number[] = []
  for (let i = 0; i < length; i++) indices.push(i)
  return indices
}

/**
 * The maximum bytes of key, value and headers that an output topic accepts. A record can exceed it if it
 * arrived compressed, or if a step enlarges it.
 */
const MAX_BYTES = maxRecordBytes(MAX_BATCH_BYTES)

class TooLarge extends Error {}

function checkSize(topic: TopicName, bytes: number): void {
  if (bytes > MAX_BYTES)
    throw new TooLarge(
      `The record would have ${bytes} bytes with its key and headers; ${topic} takes at most ${MAX_BYTES}.`,
    )
}

/**
 * Creates a function that encodes a value into one reused buffer and appends it under the key that the
 * contract names, with the source record's headers.
 */
async function publisher(kafka: Kafka, codec: Codec, topic: TopicName) {
  const writer = await codec.writer(topic)
  const partitions = await kafka.partitions(topic)
  const keyField = topics[topic].key
  let key = Buffer.allocUnsafe(1024)
  let scratch = Buffer.allocUnsafe(64 * 1024)
  return (out: Appender, batch: RecordBatch, index: number, value: any): void => {
    let end = writer.encode(value, scratch, 0)
    while (end < 0) {
      scratch = Buffer.allocUnsafe(scratch.length * 2)
      end = writer.encode(value, scratch, 0)
    }
    const headersStart = batch.headersStart[index]
    const headersEnd = batch.headersEnd[index]
    if (keyField === null) {
      const keyStart = batch.keyStart[index]
      const hasKey = keyStart >= 0
      checkSize(topic, end + headersEnd - headersStart + (hasKey ? batch.keyEnd[index] - keyStart : 0))
      out.append(
        topic,
        partitionFor(
          batch.bytes,
          hasKey ? keyStart : headersStart,
          hasKey ? batch.keyEnd[index] : headersEnd,
          partitions,
        ),
        hasKey ? batch.bytes : null,
        hasKey ? keyStart : 0,
        hasKey ? batch.keyEnd[index] : 0,
        scratch,
        0,
        end,
        batch.bytes,
        headersStart,
        headersEnd,
      )
      return
    }
    const text: string = value[keyField]
    if (text.length * 3 > key.length) key = Buffer.allocUnsafe(text.length * 3)
    const keyEnd = key.write(text, 0)
    checkSize(topic, keyEnd + end + headersEnd - headersStart)
    out.append(
      topic,
      partitionFor(key, 0, keyEnd, partitions),
      key,
      0,
      keyEnd,
      scratch,
      0,
      end,
      batch.bytes,
      headersStart,
      headersEnd,
    )
  }
}

/** Creates a function that forwards an original record, byte for byte, under its key. */
async function router(kafka: Kafka) {
  const counts = new Map<TopicName, number>()
  return async (out: Appender, batch: RecordBatch, index: number, topic: TopicName): Promise<void> => {
    let partitions = counts.get(topic)
    if (partitions === undefined) counts.set(topic, (partitions = await kafka.partitions(topic)))
    const { bytes, keyStart, keyEnd, valueStart, valueEnd, headersStart, headersEnd } = batch
    const hasKey = keyStart[index] >= 0
    checkSize(
      topic,
      keyEnd[index] -
        keyStart[index] +
        valueEnd[index] -
        valueStart[index] +
        headersEnd[index] -
        headersStart[index],
    )
    out.append(
      topic,
      hasKey ? partitionFor(bytes, keyStart[index], keyEnd[index], partitions) : batch.partition % partitions,
      hasKey ? bytes : null,
      hasKey ? keyStart[index] : 0,
      hasKey ? keyEnd[index] : 0,
      valueStart[index] < 0 ? null : bytes,
      Math.max(0, valueStart[index]),
      Math.max(0, valueEnd[index]),
      bytes,
      headersStart[index],
      headersEnd[index],
    )
  }
}
