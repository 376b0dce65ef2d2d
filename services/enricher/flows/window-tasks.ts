/**
 * The windows of a flow: what its steps make of the records of a partition is aggregated by key and event time. Results,
 * open windows and the offset of the records are one transaction.
 */
import type { TopicName } from '@weir/contracts'
import { HEADERS } from '@weir/contracts'
import { Dead, drop, type Ended, type PublishedFlow, route } from '@weir/flow'
import { type Appender, appendRecord, encodeValue, partitionOfKey, type RecordBatch } from '@weir/kafka'
import type { Resource } from '@weir/service'
import { type FlowDefinition, topics } from '@weir/solutions'
import { type KeyedState, type KeyedWork, openStateStore } from '@weir/state'
import { timersOf, type WindowOf, WindowOperator } from '@weir/windows'
import type { FlowResources } from './run-flow.ts'

/** The windows of one partition. */
export interface WindowTask {
  readonly state: KeyedState<any>
  /** Called when the states are known. */
  begin(): void
  /** Takes a value of the steps. Returns what becomes of its record if it is in no window. */
  take(batch: RecordBatch, index: number, value: any): Ended | undefined
  /** Ends a batch: writes the results. */
  finish(out: Appender): void
  tick: NonNullable<KeyedWork<any>['tick']>
}

/** Keys of one partition that may have open windows. */
export const MAX_KEYS = 1_000_000
/** Errors of one record: its own, and those of its key's state. */
const RECORD_ERRORS: ReadonlySet<string> = new Set([
  'no-time',
  'no-key',
  'too-many-windows',
  'too-many-keys',
  'key-too-long',
  'undecodable',
  'unknown-schema',
])

/**
 * Resolves to a function that opens the windows of a partition; undefined if the flow has none. Must be stopped after the
 * windows.
 */
export async function openWindowTasks(
  { name, source }: Pick<FlowDefinition, 'name' | 'source'>,
  { output, windows }: PublishedFlow<any, any, any>,
  { kafka, codec, state: config, maxKeys = MAX_KEYS, log }: FlowResources,
): Promise<Resource<(partition: number) => WindowTask> | undefined> {
  if (windows === undefined) return undefined
  const { key: keyField, time, states, late, definition } = windows
  if (topics[source].key !== keyField)
    throw new Error(
      `The flow ${name} groups by ${keyField}, but the key of ${source} is ${topics[source].key}; write the records to a topic with the key ${keyField} first.`,
    )
  const [writer, partitions, store] = await Promise.all([
    codec.writer(output as TopicName),
    kafka.partitions(output),
    openStateStore({
      kafka,
      codec,
      config,
      topic: states as TopicName,
      timers: (value) => timersOf(value as never, definition),
      maxKeys,
      log,
    }),
  ])
  const outputKey = topics[output as TopicName].key
  const tooLate = late === undefined ? drop('late') : route(late)

  const taskOf = (partition: number): WindowTask => {
    const state = store.value(partition) as KeyedState<any>
    let results: { readonly value: any; readonly of: WindowOf }[] = []
    const operator = new WindowOperator(definition, state, (value, _key, of) => results.push({ value, of }))

    const write = (out: Appender): void => {
      for (const { value, of } of results.splice(0)) {
        try {
          const key: string = outputKey === null ? of.key : value[outputKey]
          appendRecord(out, {
            topic: output,
            partition: partitionOfKey(key, partitions),
            key,
            value: encodeValue(writer, value),
            headers: {
              [HEADERS.id]: `${name}/${of.key}/${of.startMs}/${of.revision}`,
              [HEADERS.source]: name,
            },
          })
        } catch (error) {
          // The mistake is in the flow, and no record could be blamed for it.
          log.error({ err: error, flow: name, window: of }, 'the result of a window cannot be written')
        }
      }
    }

    return {
      state,
      begin() {
        results = []
        operator.begin(Date.now())
      },
      take({ bytes, keyStart, keyEnd, timestamps }, index, value) {
        try {
          const placed = operator.add(
            bytes,
            keyStart[index],
            keyEnd[index],
            value,
            value[time],
            timestamps[index],
          )
          if (placed === 'taken') return undefined
          return placed === 'late'
            ? tooLate
            : new Dead('invalid', `${time}: ${value[time]} is too far ahead of the record's arrival`)
        } catch (error) {
          const { code, message } = error as Error & { code?: string }
          if (code === undefined || !RECORD_ERRORS.has(code)) throw error
          return new Dead(code, message)
        }
      },
      finish(out) {
        operator.finish(Date.now())
        write(out)
      },
      tick(now, _state, out) {
        operator.tick(now)
        write(out)
      },
    }
  }
  return { value: taskOf, stop: store.stop }
}
