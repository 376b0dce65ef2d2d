/**
 * The page server over real servers, with its own indices. Opens what a main file opens, and offers ways to
 * store the data that a page shows.
 */

import { randomUUID } from 'node:crypto'
import { applyTopics, registerContracts } from '@weir/catalogue'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { ReferenceEntry, StageStats, TopicName, ValueOf } from '@weir/contracts'
import { encodeValue, type Kafka, kafkaConfig, openKafka, writeRecord } from '@weir/kafka'
import { type Access, logger, openAccess, openHttp } from '@weir/service'
import { topics } from '@weir/solutions'
import type { Solution } from '@weir/solutions/solution.ts'
import { servers, uniqueName } from '@weir/testkit'
import type { SearchEngine } from '../engines/engine.ts'
import { openEngine } from '../engines/open.ts'
import { indexPattern, indexTemplate } from '../indices/template.ts'
import { openSolutionPages, type PagedSolution } from '../pages.ts'

const log = logger('page-test')

export interface PageServer {
  /** The page's address, with its slash at the end. */
  readonly url: string
  readonly engine: SearchEngine
  readonly kafka: Kafka
  /**
   * Stores documents in the index of the solution's first sink. Without `refresh` they become searchable at the engine's
   * refresh interval.
   */
  index(documents: readonly Record<string, unknown>[], options?: { readonly refresh: boolean }): Promise<void>
  putStats(stats: StageStats): Promise<void>
  /** null removes the entry. */
  putReference(table: string, id: string, value: unknown): Promise<void>
  stop(): Promise<void>
}

export interface PageServerOptions {
  readonly engine: SearchEngine['name']
  /** Another address of the engine, for example one at which no engine answers. */
  readonly engineUrl?: string
  readonly maxViewers?: number
  /** Without it, anyone may look. */
  readonly access?: Access
  /** The shared ones if not given. There, services of other tests report what they do, too. */
  readonly brokers?: readonly string[]
}

export async function openPageServer(
  solution: Solution & PagedSolution,
  { engine: name, engineUrl, maxViewers, access, ...options }: PageServerOptions,
): Promise<PageServer> {
  const own: PagedSolution = {
    ...solution,
    sinks: solution.sinks!.map((sink) => ({
      ...sink,
      to: { index: { ...sink.to.index, prefix: uniqueName('page') } },
    })),
  }
  const { index } = own.sinks![0].to
  const brokers = options.brokers ?? (await servers.kafka()).brokers
  const registry = await servers.registry()
  const { value: kafka, stop: stopKafka } = await openKafka(
    readConfig({ ...process.env, KAFKA_BROKERS: brokers.join(',') }, kafkaConfig),
    log,
  )
  await applyTopics(kafka.admin, { topics, replicas: 1 })
  await registerContracts(registry.url, topics)
  const codec = (await openCodec({ topics, url: registry.url }, log)).value
  const producer = await kafka.producer()
  const { value: engine } = openEngine({
    engine: name,
    urls: [engineUrl ?? (await servers.search(name)).url],
    username: undefined,
    password: undefined,
    ca: undefined,
  })
  if (!engineUrl) await engine.putTemplate(indexTemplate(index, 0))
  const pages = openSolutionPages({
    solutions: [own],
    access: access ?? openAccess({ keysFile: undefined, anonymous: true }, log).value,
    engine,
    kafka,
    codec,
    log,
    maxViewers,
  })
  const http = await openHttp({ host: '127.0.0.1', port: 0 }, { log, ready: {}, routes: pages.value.routes })

  const put = async <T extends TopicName>(topic: T, key: string, value: ValueOf[T] | null): Promise<void> => {
    const bytes = value === null ? null : encodeValue(await codec.writer(topic), value)
    const headers = { 'weir-id': randomUUID(), 'weir-source': 'page-test' }
    await writeRecord(producer, { topic, partition: 0, key, value: bytes, headers })
  }

  return {
    url: `${http.value.url}/${own.name}/`,
    engine,
    kafka,
    index: async (documents, { refresh } = { refresh: true }) => {
      const action = JSON.stringify({ create: { _index: `${index.prefix}-test` } })
      const { items } = await engine.bulk(
        Buffer.from(documents.map((document) => `${action}\n${JSON.stringify(document)}\n`).join('')),
      )
      const refused = items.find(({ status }) => status >= 300)
      if (refused) throw new Error(`A document was refused: ${JSON.stringify(refused.error)}`)
      if (refresh) await engine.refresh(indexPattern(index))
    },
    putStats: (stats) => put('weir.stats', stats.stage, stats),
    putReference: (table, id, value) =>
      put(
        'weir.control.reference',
        `${table}/${id}`,
        value === null ? null : ({ table, id, json: JSON.stringify(value) } satisfies ReferenceEntry),
      ),
    stop: async () => {
      for (const part of [http, pages]) part.stopping?.()
      await http.stop(2000)
      await pages.stop(2000)
      await engine.close()
      await producer.stop()
      await stopKafka()
    },
  }
}
