/** Carries the reports of simulated devices to the hub, through the door that their solution names. */
import type { SimulatorDefinition } from '@weir/solutions'
import { DeviceDoor } from '../hub/device-door.ts'
import { Door } from '../hub/door.ts'
import { encodeEntry, StreamDoor } from '../hub/stream-door.ts'
import { encodeRecord, type RecordError } from '../hub/wire.ts'

export interface CarrierOptions {
  readonly hub: string
  readonly apiKey: string | undefined
  readonly signal: AbortSignal
  readonly onRetry: (reason: string) => void
}

export interface Carrier<Report = unknown> {
  /** @param id the id of its record */
  encode(value: Record<string, unknown>, id: string): Report
  /** Resolves when each report is stored or refused, or when the signal aborts. */
  deliver(
    reports: readonly Report[],
  ): Promise<{ readonly stored: number; readonly refused: readonly RecordError[] }>
  close(): void
}

/** Devices do not give up. */
const PATIENCE = Infinity

export function openCarrier(to: SimulatorDefinition['to'], options: CarrierOptions): Carrier {
  if ('mqtt' in to) return byMqtt(to.mqtt, options)
  if ('topicOf' in to) return byTopics(to.topicOf, options)
  return 'topic' in to ? byHttp(to.topic, options) : byKinesis(to, options)
}

function byHttp(topic: string, { hub, apiKey, signal, onRetry }: CarrierOptions): Carrier<string> {
  const door = new Door(
    { url: hub, apiKey, topic, source: 'simulator', patience: PATIENCE, signal, onRetry },
    1,
  )
  return {
    encode: (value, id) => encodeRecord(id, JSON.stringify(value)),
    deliver: (reports) => door.deliver(reports),
    close: () => door.close(),
  }
}

/** Each topic has a carrier of its own. */
function byTopics(
  topicOf: (value: any) => string,
  options: CarrierOptions,
): Carrier<{ readonly topic: string; readonly text: string }> {
  const carriers = new Map<string, Carrier<string>>()
  const carrierOf = (topic: string): Carrier<string> => {
    const carrier = carriers.get(topic) ?? byHttp(topic, options)
    carriers.set(topic, carrier)
    return carrier
  }
  return {
    encode: (value, id) => ({ topic: topicOf(value), text: encodeRecord(id, JSON.stringify(value)) }),
    async deliver(reports) {
      const byTopic = Object.groupBy(reports, ({ topic }) => topic)
      const outcomes = await Promise.all(
        Object.entries(byTopic).map(([topic, of]) => carrierOf(topic).deliver(of!.map(({ text }) => text))),
      )
      return {
        stored: outcomes.reduce((sum, { stored }) => sum + stored, 0),
        refused: outcomes.flatMap(({ refused }) => refused),
      }
    },
    close() {
      for (const carrier of carriers.values()) carrier.close()
    },
  }
}

function byKinesis(
  { stream, key }: { readonly stream: string; key(value: any): string },
  { hub, signal, onRetry }: CarrierOptions,
): Carrier<string> {
  const door = new StreamDoor({ url: hub, stream, signal, onRetry })
  return {
    encode: (value) => encodeEntry(key(value), JSON.stringify(value)),
    deliver: (reports) => door.deliver(reports),
    close: () => door.close(),
  }
}

function byMqtt(
  topicOf: (value: any) => string,
  { hub, apiKey, signal, onRetry }: CarrierOptions,
): Carrier<any> {
  const door = new DeviceDoor({ url: hub, apiKey, signal, onRetry })
  return {
    encode: (value, id) => ({ topic: topicOf(value), id, payload: JSON.stringify(value) }),
    deliver: (reports) => door.deliver(reports),
    close: () => door.close(),
  }
}
