/**
 * One server of each kind on random ports, for tests. Each is started when first asked for; all are ended
 * together.
 */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { tieFolder, tieProcess } from './lifeline.ts'
import { once } from './once.ts'
import { freePorts } from './ports.ts'
import type { Place, Running } from './server.ts'
import { dynamodb } from './servers/dynamodb.ts'
import { elasticsearch } from './servers/elasticsearch.ts'
import { kafka } from './servers/kafka.ts'
import { objects } from './servers/objects.ts'
import { opensearch } from './servers/opensearch.ts'
import { redis } from './servers/redis.ts'
import { registry } from './servers/registry.ts'

export interface SharedServers {
  kafka(): Promise<{ brokers: string[] }>
  registry(): Promise<{ url: string }>
  redis(): Promise<{ url: string }>
  opensearch(): Promise<{ url: string }>
  elasticsearch(): Promise<{ url: string }>
  dynamodb(): Promise<{ url: string }>
  objects(): Promise<{ url: string }>
  /** Ends the servers that were started and removes their data. */
  stop(): Promise<void>
}

/**
 * Creates a folder for servers' data that the search engines' user can also enter. It is removed when this
 * process ends, if not before.
 */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'weir-test-'))
  chmodSync(folder, 0o755)
  tieFolder(folder)
  return folder
}

/** Creates nothing until a server is asked for. */
export function nativeServers(): SharedServers {
  let folder: string | undefined
  const place = (name: string): Place => {
    folder ??= temporaryFolder()
    return { data: join(folder, name), log: join(folder, 'logs', `${name}.log`) }
  }
  const starting: Promise<Running>[] = []

  const start = (server: Promise<Running>): Promise<Running> => {
    starting.push(server)
    return server.then(async (running) => {
      tieProcess(running.pid)
      await running.ready
      return running
    })
  }
  const broker = once(async () => {
    const [port, controller] = (await freePorts(2)) as [number, number]
    const { url } = await start(
      kafka.start({ ...place('kafka'), nodeId: 1, port, voters: [{ nodeId: 1, port: controller }] }),
    )
    return { brokers: [url] }
  })
  const single = (begin: (port: number) => Promise<Running>) =>
    once(async () => {
      const [port] = (await freePorts(1)) as [number]
      const { url } = await start(begin(port))
      return { url }
    })

  return {
    kafka: broker,
    registry: single(async (port) =>
      registry.start({ ...place('registry'), port, brokers: (await broker()).brokers }),
    ),
    redis: single((port) => redis.start({ ...place('redis'), port })),
    opensearch: single((port) => opensearch.start({ ...place('opensearch'), port })),
    elasticsearch: single((port) => elasticsearch.start({ ...place('elasticsearch'), port })),
    dynamodb: single((port) => dynamodb.start({ ...place('dynamodb'), port })),
    objects: single((port) => objects.start({ ...place('objects'), port })),
    async stop() {
      const outcomes = await Promise.allSettled(starting)
      // In reverse order, so that the registry leaves before its Kafka. No grace period: the data is removed
      // anyway.
      for (const outcome of outcomes.reverse()) {
        if (outcome.status === 'fulfilled') await outcome.value.stop(3000)
      }
      if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
    },
  }
}
