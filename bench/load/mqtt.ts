/**
 * Publishes messages of QoS 1 over many connections, each with a window of messages without acknowledgement, and
 * writes the figures to the file RESULT. MQTT_PORT, MQTT_CLIENTS, MQTT_WINDOW and MQTT_MESSAGES are its settings;
 * MQTT_PIDS names the processes whose CPU time is measured. Connecting is not measured. If acknowledged messages are
 * not stored yet, MQTT_STORED_URL answers with the number of those that are.
 */
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { sampleOf } from '@weir/contracts'
import { topics } from '@weir/solutions'
import { generate } from 'mqtt-packet'
import { cpuOf } from '../processes.ts'

const { MQTT_PORT, MQTT_CLIENTS, MQTT_WINDOW, MQTT_MESSAGES, MQTT_STORED_URL } = process.env
const { MQTT_PIDS = '', RESULT = '' } = process.env
const window = Number(MQTT_WINDOW)
let left = 0
let open = 0
let done = Promise.withResolvers<void>()

const PUBACK_BYTES = 4
/** The default values of the contract are left out, which makes the value 200 bytes of JSON. */
const { tripId: _, charge: __, ...sample } = sampleOf(topics, 'taxi.telemetry')
const payload = JSON.stringify({ ...sample, eventTime: Date.now() })

/** The place of the packet identifier: after the header of two or three bytes, and the topic with its length. */
function packetsOf(topic: string): {
  readonly bytes: Buffer
  readonly length: number
  readonly idAt: number
} {
  const one = generate({ cmd: 'publish', topic, payload, qos: 1, messageId: 1, dup: false, retain: false })
  const bytes = Buffer.concat(Array.from({ length: window }, () => one))
  return { bytes, length: one.length, idAt: one.length - Buffer.byteLength(payload) - 2 }
}

async function client(number: number): Promise<() => void> {
  const socket: Socket = connect({ port: Number(MQTT_PORT), host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  socket.write(generate({ cmd: 'connect', clientId: `bench-${number}`, clean: true, keepalive: 60 }))
  await once(socket, 'data')
  const { bytes, length, idAt } = packetsOf(`taxis/${number}/telemetry`)
  let id = 0
  const send = (count: number): void => {
    const some = Math.min(count, left)
    left -= some
    open += some
    for (let i = 0; i < some; i++) {
      id = (id % 65_535) + 1
      bytes.writeUInt16BE(id, i * length + idAt)
    }
    if (some > 0) socket.write(Buffer.from(bytes.subarray(0, some * length)))
  }
  let rest = 0
  socket.on('data', (chunk) => {
    const acks = Math.floor((rest + chunk.length) / PUBACK_BYTES)
    rest = (rest + chunk.length) % PUBACK_BYTES
    open -= acks
    send(acks)
    if (open === 0 && left === 0) done.resolve()
  })
  socket.on('close', () => {
    if (open > 0) done.reject(new Error('The hub has closed a connection.'))
  })
  return () => send(window)
}

const begin: (() => void)[] = []
for (let i = 0; i < Number(MQTT_CLIENTS); i++) begin.push(await client(i))

let published = 0
async function publish(messages: number): Promise<void> {
  published += messages
  left = messages
  done = Promise.withResolvers()
  for (const start of begin) start()
  await done.promise
  if (MQTT_STORED_URL === undefined) return
  while (Number(await (await fetch(MQTT_STORED_URL)).text()) < published) await pause(10)
}
const cpu = (): number => MQTT_PIDS.split(',').reduce((sum, pid) => sum + cpuOf(Number(pid)), 0)

const count = Number(MQTT_MESSAGES)
await publish(count / 5)
const [cpuBefore, from] = [cpu(), performance.now()]
await publish(count)
const figure = {
  perCpuSecond: count / (cpu() - cpuBefore),
  perSecond: (count * 1000) / (performance.now() - from),
}
writeFileSync(RESULT, JSON.stringify(figure))
process.exit(0)
