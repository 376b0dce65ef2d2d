/**
 * The straightforward bridge: mqtt.js subscribes at a broker, and kafkajs stores each message, acks=all. Messages are
 * acknowledged to the broker when they arrive. GET / answers with the number of messages that are stored.
 */
import { createServer } from 'node:http'
import { Kafka, logLevel } from 'kafkajs'
import { connectAsync } from 'mqtt'

const { MQTT_PORT, HTTP_PORT, KAFKA_BROKERS = '', TOPIC = '' } = process.env
const producer = new Kafka({ brokers: KAFKA_BROKERS.split(','), logLevel: logLevel.ERROR }).producer()
await producer.connect()
let stored = 0
const client = await connectAsync(`mqtt://127.0.0.1:${MQTT_PORT}`, { clientId: 'bridge' })
client.on('message', async (topic, payload) => {
  await producer.send({ topic: TOPIC, acks: -1, messages: [{ key: topic.split('/')[1], value: payload }] })
  stored++
})
await client.subscribeAsync('taxis/+/telemetry', { qos: 1 })
createServer((_, response) => response.end(String(stored))).listen(Number(HTTP_PORT), '127.0.0.1')
