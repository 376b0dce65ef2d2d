/**
 * A flow on the broker port: batch → decode and steps → outputs, dead letters and late records, all in the
 * transaction that advances the offset.
 */
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import { MAX_BATCH_BYTES } from '@weir/contracts/topic-configs.ts'
import { Dead, drop, type Source, step } from '@weir/flow'
import { type Appender, type Kafka, KafkaError, Once, partitionFor, type RecordBatch } from '@weir/kafka'
import { maxRecordBytes } from '@weir/kafka/records/format.ts'
import { Counter, type Logger, metrics } from '@weir/service'
import { type FlowDefinition, type FlowDeps, topics } from '@weir/solutions'
import { openConsumerStage, type RunningStage } from '@weir/topics'

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
  readonly log: Logger
}

export async function runFlow(
  definition: FlowDefinition,
  { kafka, codec, table, log }: FlowResources,
): Promise<{ value: RunningStage; stop(drainMs: number): Promise<void> }> {
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
    once: (windowMs) => {
      const ids = (once = new Once({ kafka, windowMs, log }))
      return step('once', (index: number, _place: number, source: Source) =>
        ids.seen(source as RecordBatch, index) ? repeated : index,
      )
    },
  })
  const publish = await publisher(kafka, codec, flow.output as TopicName)
  const stage = await openConsumerStage({ name, kind: 'flow', deadLetter, kafka, codec, log })
  const routeTo = await router(kafka)

  const subscription = await kafka.transform(
    { groupId: name, topics: [definition.source], startAt: 'earliest' },
    () => ({ process }),
  )

  async function process(batch: RecordBatch, out: Appender, signal: AbortSignal): Promise<void> {
    if (batch.unreadable !== undefined) stage.buryUnreadable(out, batch)
    if (batch.length === 0) return
    await stage.resumed(signal)
    await Promise.all([reader.prepare(batch), once?.prepare(batch, signal)])
    const result = await flow.run(indicesOf(batch), batch)
    const dead = [...result.dead]
    for (let k = 0; k < result.values.length; k++) {
      try {
        publish(out, batch, result.indices[k], result.values[k])
      } catch (error) {
        // A value that the output's contract refuses, or that is too large for its topic, is a bad record
        // like any other. An error of Kafka is not.
        if (error instanceof KafkaError) throw error
        dead.push({
          index: result.indices[k],
          step: 'publish',
          cause: {
            code: error instanceof TooLarge ? 'too-large' : 'invalid',
            message: (error as Error).message,
          },
        })
      }
    }
    for (const { index, topic, step } of result.routed) {
      try {
        await routeTo(out, batch, index, topic as TopicName)
        routed.inc({ flow: definition.name, step, topic })
      } catch (error) {
        if (!(error instanceof TooLarge)) throw error
        dead.push({ index, step, cause: { code: 'too-large', message: error.message } })
      }
    }
    for (const [reason, count] of result.dropped) dropped.inc({ flow: definition.name, reason }, count)
    for (const { index, step, cause } of dead) stage.bury(out, batch, index, step, cause)
    stage.account(batch, dead.length)
  }

  return stage.watch(subscription)
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
