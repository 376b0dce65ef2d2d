/** Shared by the tests of the enricher: the taxi flow with its reference tables, on the shared servers. */
import { randomUUID } from 'node:crypto'
import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { sampleOf, type TopicName } from '@weir/contracts'
import {
  appendRecord,
  headerOf,
  type Kafka,
  type KafkaConfig,
  openKafka,
  type Producer,
  partitionOfKey,
} from '@weir/kafka'
import { logger } from '@weir/service'
import { solutions, topics } from '@weir/solutions'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { Memory, type StateConfig } from '@weir/state'
import { servers } from '@weir/testkit'
import { Redis } from 'ioredis'
import { afterAll, expect, vi } from 'vitest'
import { openFlows } from '../flows/flows.ts'
import { openReference, type Reference } from '../reference/reference.ts'
import { newRowViews } from '../rows.ts'

const source = `test-${randomUUID()}`

export interface EnricherTests {
  readonly kafka: Kafka
  readonly config: KafkaConfig
  readonly codec: Codec
  readonly producer: Producer
  readonly reference: Reference
  readonly state: StateConfig
  readonly redis: Redis
  readonly enriched: () => Enriched[]
  readonly dead: () => Found[]
  readonly late: () => Found[]
  send(records: readonly { id: string; key: string; bytes: Buffer | null }[], by?: Producer): Promise<void>
  encode(changes: Partial<TaxiTelemetry>, room?: number): Promise<Buffer>
}

interface Found {
  readonly id: string
  readonly value: any
}

interface Enriched extends Found {
  readonly partition: number
  readonly key: string
}

let opened: Promise<EnricherTests> | undefined

/** Returns the enricher of this test file, which ends after its tests. */
export function openEnricherTests(): Promise<EnricherTests> {
  return (opened ??= start())
}

export const log = logger('enricher-test')

async function start(): Promise<EnricherTests> {
  const stops: (() => Promise<unknown>)[] = []
  const { brokers } = await servers.kafka()
  const { url } = await servers.registry()
  const { url: redisUrl } = await servers.redis()
  const redis = new Redis(redisUrl)
  afterAll(async () => {
    redis.disconnect()
    for (const stop of stops) await stop()
  })
  const config: KafkaConfig = {
    brokers,
    driver: 'platformatic',
    groupProtocol: 'auto',
    compression: 'none',
    clientId: 'enricher-test',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
  }
  const opened = await openKafka(config, log)
  const kafka = opened.value
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(url, topics)
  const codec = (await openCodec({ topics, url }, log)).value
  const producer = await kafka.producer()
  const tables = await openReference({ kafka, codec, redisUrl, solutions, log })
  const reference = tables.value
  const enriched = await collect('taxi.enriched')
  const dead = await collect('taxi.telemetry.dead')
  const late = await collect('taxi.telemetry.late')
  const state = {
    dir: mkdtempSync(join(tmpdir(), 'weir-enricher-')),
    memory: new Memory(16 << 20),
    isStandby: false,
  }
  const { value: rows } = newRowViews({ kafka, codec, log })
  const flows = await openFlows(taxiTelemetry.flows, {
    kafka,
    codec,
    table: reference.table,
    rows,
    state,
    log,
  })
  stops.push(
    () => flows.stop(5000),
    async () => tables.stop(0),
    () => producer.stop(),
    () => opened.stop(),
  )
  await vi.waitFor(() => expect(Object.values(flows.value.ready).every((ready) => ready())).toBe(true), {
    timeout: 60_000,
  })

  /** Collects all records of this test's source that appear in the topic from now on. */
  async function collect(topic: TopicName) {
    const reader = await codec.reader(topic)
    const found: any[] = []
    const reading = await kafka.read({ topics: [topic], from: 'latest', until: 'stopped' }, async (batch) => {
      await reader.prepare(batch)
      for (let i = 0; i < batch.length; i++) {
        if (headerOf(batch, i, 'weir-source')?.toString() !== source) continue
        found.push({
          id: headerOf(batch, i, 'weir-id')?.toString(),
          partition: batch.partition,
          key: batch.bytes.toString('utf8', batch.keyStart[i], batch.keyEnd[i]),
          value: reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]),
        })
      }
    })
    stops.push(() => reading.stop())
    return () => found
  }

  async function send(
    records: { id: string; key: string; bytes: Buffer | null }[],
    by = producer,
  ): Promise<void> {
    const delivery = by.delivery()
    const partitions = await kafka.partitions('taxi.telemetry')
    for (const { id, key, bytes } of records) {
      const partition = partitionOfKey(key, partitions)
      const headers = { 'weir-id': id, 'weir-source': source }
      appendRecord(delivery, { topic: 'taxi.telemetry', partition, key, value: bytes, headers })
    }
    expect(await delivery.settled()).toEqual([])
  }

  const writerOf = async () => codec.writer('taxi.telemetry')

  async function encode(changes: Partial<TaxiTelemetry>, room = 4096): Promise<Buffer> {
    const buffer = Buffer.alloc(room)
    return buffer.subarray(
      0,
      (await writerOf()).encode(
        { ...(sampleOf(topics, 'taxi.telemetry') as TaxiTelemetry), eventTime: Date.now(), ...changes },
        buffer,
        0,
      ),
    )
  }

  return { kafka, config, codec, producer, reference, state, redis, enriched, dead, late, send, encode }
}

export const byId = <T extends { id: string }>(records: T[], id: string) =>
  records.filter((record) => record.id === id)

/** A timeout that is long enough under load. */
export const soon = { timeout: 20_000 }
