/** taxi.enriched → search engine in bulk. The backlog is the output of the same round's enrich scenario. */
import { fileURLToPath } from 'node:url'
import { worked } from '../backlog.ts'
import type { Context } from '../context.ts'

const file = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))

export const indexDocuments = (records: number) => ({
  title: 'Bulk indexing into OpenSearch',
  contenders: {
    'weir indexer (by record id)': (context: Context) =>
      worked(context, 'indexer.taxi', 'taxi.enriched', records, file('../services/indexer/main.ts'), {
        ...context.env,
        HTTP_PORT: '0',
      }),
    'kafkajs + JSON + bulk helper (no ids)': (context: Context) =>
      worked(context, 'bench.indexer', 'bench.json.out', records, file('baseline/indexer.ts'), {
        KAFKA_BROKERS: context.brokers,
        TOPIC: 'bench.json.out',
        GROUP: 'bench.indexer',
        INDEX: 'bench-baseline',
        SEARCH_URL: context.searchUrl,
      }),
  },
})
