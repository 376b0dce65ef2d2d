/**
 * The straightforward hub: Fastify's JSON body to kafkajs as JSON, acks=all. It has no contract, no ids and
 * no bounds.
 */
import { fastify } from 'fastify'
import { Kafka, logLevel } from 'kafkajs'

const producer = new Kafka({
  brokers: process.env.KAFKA_BROKERS!.split(','),
  logLevel: logLevel.NOTHING,
}).producer({ idempotent: true, maxInFlightRequests: 1 })
await producer.connect()
const app = fastify({ bodyLimit: 10 << 20 })
app.post<{ Body: { records: { value: { deviceId: string } }[] } }>('/', async ({ body }) => {
  await producer.send({
    topic: process.env.TOPIC!,
    acks: -1,
    messages: body.records.map(({ value }) => ({ key: value.deviceId, value: JSON.stringify(value) })),
  })
  return { stored: body.records.length }
})
app.get('/readyz', async () => ({}))
await app.listen({ port: Number(process.env.HTTP_PORT), host: '127.0.0.1' })
process.once('SIGTERM', () => process.exit(0))
