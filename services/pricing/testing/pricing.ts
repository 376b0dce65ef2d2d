/** Replicas of pricing on real servers, and what their tables have written to Kafka. */
import { applyTopics, registerContracts } from '@weir/catalogue'
import { type Codec, openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { TableChange } from '@weir/contracts'
import { type Kafka, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { servers } from '@weir/testkit'
import { type ServiceProcess, startService, untilReady } from '@weir/testkit/service-process.ts'
import { openRecords } from '@weir/topics'

/** Topics and contracts of pricing on some brokers, with replicas that a test starts and kills. */
export interface PricingWorld {
  readonly kafka: Kafka
  readonly codec: Codec
  /** Starts a replica; resolves when it listens. */
  start(variables?: Readonly<Record<string, string>>): Promise<ServiceProcess>
  /** The changes of a table so far, those of each item in their order. */
  changes(table: string): Promise<TableChange[]>
  stop(): Promise<void>
}

export interface Pricing extends Pick<PricingWorld, 'changes' | 'stop'> {
  readonly url: string
  /** Makes a client of an AWS API. */
  client<C>(Client: new (config: object) => C): C
}

export interface PricingOptions {
  /** The shared ones, unless replicas are killed: they share their partitions with those of other tests. */
  readonly brokers?: readonly string[]
  /** Further variables of the replicas. */
  readonly variables?: Readonly<Record<string, string>>
}

export async function openPricingWorld({
  brokers,
  variables = {},
}: PricingOptions = {}): Promise<PricingWorld> {
  const [{ brokers: shared }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const env = {
    KAFKA_BROKERS: (brokers ?? shared).join(','),
    REGISTRY_URL: registryUrl,
    ALLOW_ANONYMOUS: 'true',
  }
  const { value: kafka, stop } = await openKafka(readConfig({ ...process.env, ...env }, kafkaConfig))
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registryUrl, topics)
  const { value: codec } = await openCodec({ topics, url: registryUrl })
  const topic = 'weir.tables.changes'
  const records = await openRecords({ codec, topic, reader: 'test', log: { warn: () => {} } })
  return {
    kafka,
    codec,
    start: (more) => startService('pricing', { ...env, ...variables, ...more }),
    async changes(table) {
      const found: TableChange[] = []
      const reading = await kafka.read({ topics: [topic], from: 'earliest', until: 'end' }, async (batch) => {
        await records.prepare(batch)
        records.each(batch, ({ value }) => {
          if (value?.table === table) found.push(value)
        })
      })
      await reading.done
      return found
    },
    stop,
  }
}

export function clientOf<C>(Client: new (config: object) => C, url: string, more: object = {}): C {
  const credentials = { accessKeyId: 'test', secretAccessKey: 'test' }
  return new Client({ endpoint: url, region: 'us-east-1', credentials, ...more })
}

/** Starts one replica on the shared servers. */
export async function startPricing(options: PricingOptions = {}): Promise<Pricing> {
  const world = await openPricingWorld(options)
  const service = await world.start()
  await untilReady(service)
  return {
    url: service.url,
    client: (Client) => clientOf(Client, service.url),
    changes: world.changes,
    async stop() {
      service.kill('SIGKILL')
      await service.exited
      await world.stop()
    },
  }
}
