/** The shared servers as containers, started by testcontainers with the images of Compose. */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv, promisify } from 'node:util'
import { registryJournal } from '@weir/contracts'
import { RUN_LABEL, removeContainers } from '@weir/stack/docker.ts'
import { ensureTopic } from '@weir/stack/kafka-admin.ts'
import { tieContainers } from '@weir/stack/lifeline.ts'
import { once } from '@weir/stack/once.ts'
import { checkout } from '@weir/stack/paths.ts'
import { freePorts } from '@weir/stack/ports.ts'
import { quickSettings } from '@weir/stack/servers/kafka-settings.ts'
import { NO_PAGES } from '@weir/stack/servers/opensearch.ts'
import { demandCompatibility } from '@weir/stack/servers/registry.ts'
import { nativeServers, type SharedServers } from '@weir/stack/shared-servers.ts'
import type { StartedTestContainer } from 'testcontainers'
import { GenericContainer, Network, Wait } from 'testcontainers'

const images = parseEnv(readFileSync(join(checkout, '.env'), 'utf8')) as Record<
  'KAFKA_IMAGE' | 'REGISTRY_IMAGE' | 'REDIS_IMAGE' | 'OPENSEARCH_IMAGE' | 'ELASTICSEARCH_IMAGE',
  string
>

/** Kafka's address for containers in the same network. */
const INTERNAL = 'kafka:19092'

/** True if a Docker engine answers and has every image. */
export async function imagesAreHere(): Promise<boolean> {
  const needed = [images.KAFKA_IMAGE, images.REGISTRY_IMAGE, images.REDIS_IMAGE, images.OPENSEARCH_IMAGE]
  return promisify(execFile)('docker', ['image', 'inspect', ...needed], {
    timeout: 10_000,
    maxBuffer: 16 * 1024 * 1024,
  }).then(
    () => true,
    () => false,
  )
}

export function containerServers(): SharedServers {
  // Our lifeline does the work of testcontainers' own cleanup container (Ryuk), without another image.
  process.env.TESTCONTAINERS_RYUK_DISABLED ??= 'true'
  const run = randomUUID()
  tieContainers(run)
  // Compose has no images of DynamoDB Local and the object store.
  const native = nativeServers()
  const network = once(() => new Network({ nextUuid: () => run }).start())

  const start = (container: GenericContainer): Promise<StartedTestContainer> =>
    container
      .withLabels({ [RUN_LABEL]: run })
      .withStartupTimeout(300_000)
      .start()
  const http = async (container: GenericContainer, port: number, path: string): Promise<string> => {
    const running = await start(
      container.withExposedPorts(port).withWaitStrategy(Wait.forHttp(path, port).forStatusCode(200)),
    )
    return `http://127.0.0.1:${running.getMappedPort(port)}`
  }

  const kafka = once(async () => {
    const [port] = (await freePorts(1)) as [number]
    await start(
      new GenericContainer(images.KAFKA_IMAGE)
        .withNetwork(await network())
        .withNetworkAliases('kafka')
        .withExposedPorts({ container: 9092, host: port })
        .withEnvironment(kafkaEnvironment(port))
        .withWaitStrategy(Wait.forLogMessage(/Kafka Server started/)),
    )
    return { brokers: [`127.0.0.1:${port}`] }
  })
  const registry = once(async () => {
    await ensureTopic((await kafka()).brokers, registryJournal.name, registryJournal.configs)
    const container = new GenericContainer(images.REGISTRY_IMAGE)
      .withNetwork(await network())
      .withEnvironment({ APICURIO_STORAGE_KIND: 'kafkasql', APICURIO_KAFKASQL_BOOTSTRAP_SERVERS: INTERNAL })
    const url = `${await http(container, 8080, '/apis/ccompat/v7/subjects')}/apis/ccompat/v7`
    await demandCompatibility(url)
    return { url }
  })

  return {
    kafka,
    registry,
    redis: once(async () => {
      const container = await start(
        new GenericContainer(images.REDIS_IMAGE)
          .withExposedPorts(6379)
          .withWaitStrategy(Wait.forLogMessage(/Ready to accept connections/)),
      )
      return { url: `redis://127.0.0.1:${container.getMappedPort(6379)}` }
    }),
    opensearch: once(async () => ({
      url: await http(
        new GenericContainer(images.OPENSEARCH_IMAGE).withEnvironment({
          ...NO_PAGES,
          'discovery.type': 'single-node',
          OPENSEARCH_JAVA_OPTS: '-Xms512m -Xmx512m',
          DISABLE_SECURITY_PLUGIN: 'true',
          DISABLE_INSTALL_DEMO_CONFIG: 'true',
        }),
        9200,
        '/_cluster/health?wait_for_status=yellow',
      ),
    })),
    elasticsearch: once(async () => ({
      url: await http(
        new GenericContainer(images.ELASTICSEARCH_IMAGE).withEnvironment({
          ...NO_PAGES,
          'discovery.type': 'single-node',
          ES_JAVA_OPTS: '-Xms512m -Xmx512m',
          'xpack.security.enabled': 'false',
        }),
        9200,
        '/_cluster/health?wait_for_status=yellow',
      ),
    })),
    dynamodb: native.dynamodb,
    objects: native.objects,
    async stop() {
      await removeContainers(run)
      await native.stop()
    },
  }
}

function kafkaEnvironment(port: number): Record<string, string> {
  const settings = {
    'node.id': 1,
    'process.roles': 'broker,controller',
    'controller.quorum.voters': '1@localhost:9093',
    'controller.listener.names': 'CONTROLLER',
    listeners: 'HOST://:9092,NETWORK://:19092,CONTROLLER://:9093',
    'advertised.listeners': `HOST://127.0.0.1:${port},NETWORK://${INTERNAL}`,
    'listener.security.protocol.map': 'HOST:PLAINTEXT,NETWORK:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'NETWORK',
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 1,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    ...quickSettings,
  }
  const variables = Object.entries(settings).map(([name, value]) => [
    `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`,
    String(value),
  ])
  return { ...Object.fromEntries(variables), KAFKA_HEAP_OPTS: '-Xms512m -Xmx512m' }
}
