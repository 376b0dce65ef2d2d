/** The straightforward indexer: kafkajs, JSON, and the client's bulk helper without ids. */
import { Client } from '@opensearch-project/opensearch'
import { Kafka, logLevel } from 'kafkajs'

const client = new Client({ node: process.env.SEARCH_URL! })
const consumer = new Kafka({
  brokers: process.env.KAFKA_BROKERS!.split(','),
  logLevel: logLevel.NOTHING,
}).consumer({ groupId: process.env.GROUP! })
await consumer.connect()
await consumer.subscribe({ topic: process.env.TOPIC!, fromBeginning: true })
await consumer.run({
  partitionsConsumedConcurrently: 4,
  eachBatch: async ({ batch }) => {
    await client.helpers.bulk({
      datasource: batch.messages.map(({ value }) => JSON.parse(value!.toString())),
      onDocument: () => ({ index: { _index: process.env.INDEX! } }),
    })
  },
})
// Leaves its group; otherwise the next round's consumer would wait for this session to end.
process.once('SIGTERM', () => void consumer.disconnect().finally(() => process.exit(0)))
