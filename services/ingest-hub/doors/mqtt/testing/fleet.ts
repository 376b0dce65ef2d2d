/**
 * A fleet of idle devices, as a process of its own: each connects, subscribes with QoS 1, acknowledges what it
 * gets, and sends a packet within its keep alive. FLEET_PORT and FLEET_DEVICES are its settings; with FLEET_CA_FILE
 * the devices speak TLS. It prints its progress, a line each: "ready SECONDS", "got COUNT", "lost COUNT".
 */
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { generate } from 'mqtt-packet'

const port = Number(process.env.FLEET_PORT)
const devices = Number(process.env.FLEET_DEVICES)
const caFile = process.env.FLEET_CA_FILE
const ca = caFile === undefined ? undefined : readFileSync(caFile)
/** Devices that connect at the same time. */
const WAVE = 200
const KEEP_ALIVE_SECONDS = 20
const PUBLISH = 0x30
const PINGREQ = generate({ cmd: 'pingreq' })
let lost = 0
let got = 0

async function device(number: number): Promise<void> {
  const at = { port, host: '127.0.0.1', noDelay: true }
  const socket = ca === undefined ? connect(at) : connectTls({ ...at, ca })
  socket.on('error', () => {})
  socket.on('close', () => console.log(`lost ${++lost}`))
  const clientId = `idle-${number}`
  socket.write(generate({ cmd: 'connect', clientId, clean: true, keepalive: KEEP_ALIVE_SECONDS }))
  await once(socket, 'data')
  const subscriptions = [{ topic: `idle/${number}/commands`, qos: 1 as const }]
  socket.write(generate({ cmd: 'subscribe', messageId: 1, subscriptions }))
  await once(socket, 'data')
  socket.on('data', (chunk) => {
    if ((chunk[0] & 0xf0) !== PUBLISH) return
    // The packet identifier comes after the topic.
    const messageId = chunk.readUInt16BE(4 + chunk.readUInt16BE(2))
    socket.write(generate({ cmd: 'puback', messageId }))
    console.log(`got ${++got}`)
  })
  setInterval(() => socket.write(PINGREQ), (KEEP_ALIVE_SECONDS * 1000) / 2)
}

const began = performance.now()
for (let first = 0; first < devices; first += WAVE)
  await Promise.all(Array.from({ length: Math.min(WAVE, devices - first) }, (_, i) => device(first + i)))
console.log(`ready ${(performance.now() - began) / 1000}`)
