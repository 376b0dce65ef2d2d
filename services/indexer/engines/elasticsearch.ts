/**
 * The Elasticsearch driver. It uses the 8.x client, because an 8.x server refuses the requests of a 9.x
 * client.
 */
import { Client } from '@elastic/elasticsearch'
import type { EngineOptions, Health, SearchEngine, SearchReply } from './engine.ts'
import { engineError } from './errors.ts'
import {
  BULK_QUERY,
  BULK_TIMEOUT_MS,
  bulkReply,
  clientOptions,
  HEALTH_TIMEOUT_MS,
  LENIENT,
  templateBody,
} from './requests.ts'

export function openElasticsearch(options: EngineOptions): SearchEngine {
  const open = () =>
    new Client({
      ...clientOptions(options),
      ...(options.ca === undefined ? {} : { tls: { ca: options.ca } }),
    })
  let client = open()
  const requestTimeout = options.bulkTimeoutMs ?? BULK_TIMEOUT_MS
  const call = async <T>(request: () => Promise<unknown>): Promise<T> => {
    try {
      return (await request()) as T
    } catch (error) {
      throw engineError('Elasticsearch', error)
    }
  }

  return {
    name: 'elasticsearch',
    async putTemplate(template) {
      await call(() => client.indices.putIndexTemplate({ name: template.name, ...templateBody(template) }))
    },
    async bulk(body) {
      return bulkReply(
        await call(() =>
          client.transport.request(
            { method: 'POST', path: '/_bulk', querystring: BULK_QUERY, bulkBody: body },
            { requestTimeout },
          ),
        ),
      )
    },
    search: (index, body) => call<SearchReply>(() => client.search({ index, ...LENIENT, ...body })),
    async count(index, query) {
      return (
        await call<{ count: number }>(() => client.count({ index, ...LENIENT, ...(query ? { query } : {}) }))
      ).count
    },
    async refresh(index) {
      await call(() => client.indices.refresh({ index, ...LENIENT }))
    },
    async health() {
      const health = await call<{ status: Health['status']; number_of_nodes: number }>(() =>
        client.cluster.health({}, { requestTimeout: HEALTH_TIMEOUT_MS }),
      )
      return { status: health.status, nodes: health.number_of_nodes }
    },
    reconnect() {
      const before = client
      client = open()
      // Waits for its requests in flight.
      void before.close()
    },
    close: () => client.close(),
  }
}
