/** All delivery streams, as this replica knows them, and changes of them. */
import type { Codec } from '@weir/codec'
import { openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { checks, type DeliveryStream, ofStoredForm, storedForm } from './delivery-stream.ts'

const TOPIC = 'weir.control.deliveries'

export interface DeliveryStreams {
  readonly byName: ReadonlyMap<string, DeliveryStream>
  /**
   * Adds the delivery stream unless `check` throws, given all that there are. No other decision comes in
   * between. `check` may run several times; its errors are thrown here.
   */
  create(stream: DeliveryStream, check: (all: ReadonlyMap<string, DeliveryStream>) => void): Promise<void>
  /**
   * Replaces the delivery stream by what `decide` returns; undefined removes it. No other decision comes in between.
   * `decide` may run several times; its errors are thrown here.
   */
  change(
    name: string,
    decide: (stream: DeliveryStream | undefined) => DeliveryStream | undefined,
  ): Promise<void>
  /** False while later changes may not be known here. */
  ready(): boolean
}

export interface DeliveryStreamsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  /** Called after each change, with the stream's new state, or undefined if it was removed. */
  changed?(name: string, stream: DeliveryStream | undefined): void
  readonly log: Logger
}

export async function openDeliveryStreams({
  changed,
  ...options
}: DeliveryStreamsOptions): Promise<Resource<DeliveryStreams>> {
  const byName = new Map<string, DeliveryStream>()
  const control = await openControlLog({
    ...options,
    topic: TOPIC,
    checks,
    apply({ id: name, state }) {
      const stream = state === undefined ? undefined : ofStoredForm(state as object)
      if (stream === undefined) byName.delete(name)
      else byName.set(name, stream)
      changed?.(name, stream)
    },
  })
  return {
    value: {
      byName,
      create: (stream, check) =>
        control.write(() => {
          check(byName)
          return [{ kind: 'stream', id: stream.name, value: storedForm(stream) }]
        }),
      change: (name, decide) =>
        control.write(
          () => {
            const before = byName.get(name)
            const after = decide(before)
            return before === after ? [] : [{ kind: 'stream', id: name, value: after && storedForm(after) }]
          },
          { changes: [name] },
        ),
      ready: () => control.ready(),
    },
    stop: () => control.stop(),
  }
}
