/** The open windows of all mappings, by mapping and partition, in a compacted topic. */
import type { Codec } from '@weir/codec'
import type { WindowState as StoredState } from '@weir/contracts'
import type { Appender, Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { openTable } from '@weir/tables'
import type { TopicRecord } from '@weir/topics'
import type { WindowState } from './tumbling-windows.ts'

const TOPIC = 'weir.functions.windows'
/**
 * How long read() waits for transactions that have not ended. The coordinator aborts those of a process that
 * died after 15 s.
 */
const MAX_WAIT_MS = 20_000
/** The last moment that a Date can have. */
const MAX_TIME_MS = 8.64e15

export interface WindowStates {
  /**
   * Resolves to the open window as the last transaction about the partition left it. Rejects if that cannot
   * be known now, or when the signal aborts.
   */
  read(mapping: string, partition: number, signal: AbortSignal): Promise<WindowState | undefined>
  /** Writes the open window in a transaction; undefined: none is open. */
  append(out: Appender, mapping: string, partition: number, state: WindowState | undefined): void
  /** Removes the windows of a mapping that no longer exists. */
  remove(mapping: string): Promise<void>
  /** False while windows may be missing here. */
  ready(): boolean
}

export interface WindowStatesOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openWindowStates({
  kafka,
  codec,
  log,
}: WindowStatesOptions): Promise<Resource<WindowStates>> {
  const stored = new Map<string, StoredState>()
  const table = await openTable(
    { kafka, codec, topic: TOPIC, reader: 'windows', log },
    {
      accept: (record) => {
        const { key, value } = checked(record)
        if (value === null) stored.delete(key)
        else stored.set(key, value)
      },
      clear: () => stored.clear(),
    },
  )

  const value: WindowStates = {
    async read(mapping, partition, signal) {
      const key = keyOf(mapping, partition)
      const waiting = AbortSignal.any([signal, AbortSignal.timeout(MAX_WAIT_MS)])
      await table.settle(waiting, key)
      if (waiting.aborted) throw new Error(`A transaction in ${TOPIC} has not ended yet.`)
      const found = stored.get(key)
      if (found === undefined) return undefined
      try {
        const { start, offset, state } = found
        return { start, offset, state: JSON.parse(state) }
      } catch (error) {
        log.warn({ err: error, mapping, partition }, 'the state of a window cannot be read and is left out')
        return undefined
      }
    },
    append: (out, mapping, partition, state) =>
      table.append(
        out,
        keyOf(mapping, partition),
        state === undefined ? null : { ...state, mapping, partition, state: JSON.stringify(state.state) },
      ),
    async remove(mapping) {
      await table.settle(AbortSignal.timeout(MAX_WAIT_MS))
      const keys = [...stored].flatMap(([key, state]) => (state.mapping === mapping ? key : []))
      await Promise.all(keys.map((key) => table.put(key, null)))
    },
    ready: () => table.ready(),
  }
  return { value, stop: () => table.stop() }
}

const keyOf = (mapping: string, partition: number): string => `${mapping}/${partition}`

/** Throws if the record cannot be the window of its key: on a broker without logins anybody can write one. */
function checked({ key, value }: TopicRecord<StoredState>): Pick<TopicRecord<StoredState>, 'key' | 'value'> {
  if (value === null) return { key, value }
  const { mapping, partition, start, offset } = value
  if (key !== keyOf(mapping, partition)) throw new Error('The window is stored under the key of another one.')
  if (!(start >= 0 && start < MAX_TIME_MS && offset > 0)) throw new Error('The window is out of bounds.')
  return { key, value }
}
