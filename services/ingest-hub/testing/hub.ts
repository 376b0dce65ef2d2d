/** Runs the hub as a separate process against real servers, and reads back what it stored. */

import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { sampleOf } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { decodeHeaders, kafkaConfig, keyOf, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { type ServiceProcess, startService } from '@weir/testkit/service-process.ts'

export const TOPIC = 'taxi.telemetry'

export interface Backends {
  readonly brokers: readonly string[]
  readonly registryUrl: string
}

/** Opens a separate connection for the test, and creates the topics and contracts. */
export async function prepare({
  brokers,
  registryUrl,
}: Backends): Promise<{ kafka: Kafka; stop(): Promise<void> }> {
  const { value: kafka, stop } = await openKafka(
    readConfig({ ...process.env, KAFKA_BROKERS: brokers.join(',') }, kafkaConfig),
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  return { kafka, stop }
}

export type Hub = ServiceProcess

export function startHub(
  { brokers, registryUrl }: Backends,
  env: Readonly<Record<string, string>> = {},
): Promise<Hub> {
  return startService('ingest-hub', {
    KAFKA_BROKERS: brokers.join(','),
    REGISTRY_URL: registryUrl,
    ALLOW_ANONYMOUS: 'true',
    ...env,
  })
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: any
}

/** Posts to the taxi topic. */
export async function post(
  hub: Hub,
  body: string | Uint8Array,
  headers: Readonly<Record<string, string>> = {},
  path = `/v1/topics/${TOPIC}/records`,
): Promise<Answer> {
  const response = await fetch(`${hub.url}${path}`, {
    method: 'POST',
    body: body as string,
    headers: { 'content-type': 'application/json', ...headers },
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

export const batch = (records: readonly unknown[]): string => JSON.stringify({ records })

export const report = (changes: Partial<TaxiTelemetry> = {}): TaxiTelemetry => ({
  ...sampleOf(topics, TOPIC),
  eventTime: Date.now(),
  ...changes,
})

export interface StoredRecord {
  readonly partition: number
  readonly offset: number
  readonly key: string
  readonly value: TaxiTelemetry
  readonly headers: Readonly<Record<string, string>>
}

const begun = Date.now()

/** All records from the sources that were stored since this test process began, by partition in offset order. */
export async function storedFrom(
  kafka: Kafka,
  registryUrl: string,
  ...sources: readonly string[]
): Promise<StoredRecord[]> {
  const { value: codec } = await openCodec({ topics, url: registryUrl })
  const reader = await codec.reader(TOPIC)
  const found: StoredRecord[] = []
  const reading = await kafka.read(
    { topics: [TOPIC], from: { timestamp: begun }, until: 'end' },
    async (records) => {
      await reader.prepare(records)
      for (let i = 0; i < records.length; i++) {
        const headers = decodeHeaders(records.bytes, records.headersStart[i])
        if (!sources.includes(headers['weir-source'])) continue
        found.push({
          partition: records.partition,
          offset: records.offsets[i],
          key: String(keyOf(records, i)),
          value: reader.decode(records.bytes, records.valueStart[i], records.valueEnd[i]),
          headers,
        })
      }
    },
  )
  await reading.done
  return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}
