/** The straightforward enricher: kafkajs, JSON in and out, the same zone lookup, at-least-once delivery. */

import { zonesSeed } from '@weir/solutions/taxi-telemetry/manhattan.ts'
import { ZoneIndex } from '@weir/solutions/taxi-telemetry/zones.ts'
import { latLngToCell } from 'h3-js'
import { Kafka, logLevel } from 'kafkajs'

/** kafkajs makes one record batch of all messages for a partition, and brokers take up to a megabyte. */
const MAX_MESSAGES = 2000

const kafka = new Kafka({ brokers: process.env.KAFKA_BROKERS!.split(','), logLevel: logLevel.NOTHING })
const zones = new ZoneIndex(new Map(Object.entries(zonesSeed)))
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
const consumer = kafka.consumer({ groupId: process.env.GROUP! })
await producer.connect()
await consumer.connect()
await consumer.subscribe({ topic: process.env.TOPIC!, fromBeginning: true })
await consumer.run({
  partitionsConsumedConcurrently: 12,
  eachBatch: async ({ batch }) => {
    const messages = batch.messages.map(({ key, value, timestamp }) => {
      const report = JSON.parse(value!.toString())
      const zone = zones.find(report.position.lon, report.position.lat)
      report.zone = zone?.id ?? latLngToCell(report.position.lat, report.position.lon, 8)
      report.zoneName = zone?.name ?? null
      report.state = report.occupied ? 'OCCUPIED' : report.speed >= 3 ? 'MOVING' : 'IDLE'
      report.arrivalTime = Number(timestamp)
      return { key, value: JSON.stringify(report) }
    })
    for (let from = 0; from < messages.length; from += MAX_MESSAGES) {
      await producer.send({
        topic: process.env.OUTPUT!,
        acks: -1,
        messages: messages.slice(from, from + MAX_MESSAGES),
      })
    }
  },
})
// Leaves its group; otherwise the next round's consumer would wait for this session to end.
process.once('SIGTERM', () => void consumer.disconnect().finally(() => process.exit(0)))
