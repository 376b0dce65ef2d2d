/**
 * Retained messages: the newest one of each topic, which new subscriptions get. They are a compacted topic that
 * every replica follows.
 */
import type { Codec } from '@weir/codec'
import type { DeviceSubscription, DeviceMessage as MessageRecord } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { Gauge, type Logger, metrics, type Resource } from '@weir/service'
import { openTable } from '@weir/tables'
import { Refused, type Taker } from '../devices.ts'
import type { DeviceMessage } from '../message.ts'
import { recordOf } from '../sessions/messages.ts'
import type { Session } from '../sessions/session.ts'
import { feedOf } from './feed.ts'
import { RetainedStore } from './store.ts'

const TOPIC = 'weir.devices.retained'
const FULL = new Refused('There is no room for another retained message; delete some with an empty payload.')

export interface Retained {
  /** Stores retained messages, and deletes those that are replaced by an empty payload. */
  readonly taker: Taker
  /** Sends what is retained to a session that has subscribed, as fast as its client takes it. */
  deliver(session: Session, subscriptions: readonly DeviceSubscription[]): void
  ready(): boolean
}

export interface RetainedOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

const counted = new Gauge({
  name: 'weir_mqtt_retained_messages',
  help: 'Messages that are retained.',
  registers: [metrics],
})

/** @param isOn if not, nothing is retained, and the value is undefined */
export async function openRetained(
  isOn: boolean,
  { kafka, codec, log }: RetainedOptions,
): Promise<Resource<Retained | undefined>> {
  if (!isOn) return { value: undefined, stop() {} }
  const store = new RetainedStore()
  const view = {
    accept({ key, value }: { readonly key: string; readonly value: MessageRecord | null }): void {
      store.set(key, value)
      counted.set(store.size)
    },
    clear(): void {
      store.clear()
      counted.set(0)
    },
  }
  const table = await openTable({ kafka, codec, topic: TOPIC, reader: 'retained messages', log }, view)
  const producer = await kafka.producer()
  const catchUp = shared(() => table.catchUp())

  const taker: Taker = (messages) => {
    if (!messages.some(({ retain }) => retain === true)) return undefined
    const outcomes: (Error | undefined)[] = messages.map(() => undefined)
    const stored: number[] = []
    const delivery = producer.delivery()
    for (const [i, message] of messages.entries()) {
      if (message.retain !== true) continue
      if (!store.hasRoomFor(message)) outcomes[i] = FULL
      else {
        table.append(delivery, message.topic, valueOf(message))
        stored.push(i)
      }
    }
    if (stored.length === 0) return Promise.resolve(outcomes)
    return delivery.settled().then(([failure]) => {
      for (const i of stored) outcomes[i] = failure?.error
      return outcomes
    })
  }
  return {
    value: {
      taker,
      deliver(session, subscriptions) {
        const begin = (): void => session.feed(feedOf(store, subscriptions, session.record.clientId))
        // Without Kafka the client gets what is known here.
        catchUp().then(begin, begin)
      },
      ready: () => table.ready(),
    },
    stop: async (drainMs) => {
      await table.stop()
      await producer.stop(drainMs)
    },
  }
}

/** Undefined deletes: a message without a payload ends what is retained. */
const valueOf = (message: DeviceMessage): MessageRecord | null =>
  message.payload.length === 0 ? null : recordOf(message)

/** Calls made while the work goes on share the next run of it. */
function shared(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined
  let next: Promise<void> | undefined
  const begin = (): Promise<void> => {
    next = undefined
    running = work().finally(() => {
      running = undefined
    })
    return running
  }
  return () => {
    if (running === undefined) return begin()
    next ??= running.then(begin, begin)
    return next
  }
}
