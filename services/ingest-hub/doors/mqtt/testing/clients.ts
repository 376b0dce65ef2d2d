/** Clients of the door for tests: the client of npm, and bare sockets. */
import { once } from 'node:events'
import { connect as connectTcp, type Socket } from 'node:net'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt'
import { generate, type Packet, parser } from 'mqtt-packet'

/** The ports that the hub has logged. */
export function mqttPorts({ logs }: ServiceProcess): { readonly port: number; readonly tlsPort: number } {
  const portOf = (text: RegExp): number =>
    Number(logs().flatMap(({ msg }) => text.exec(String(msg))?.[1] ?? [])[0])
  return { port: portOf(/^MQTT is served at port (\d+)/), tlsPort: portOf(/^MQTT with TLS .* (\d+)$/) }
}

export const connect = (hub: ServiceProcess, options: IClientOptions = {}): Promise<MqttClient> =>
  connectAsync(`mqtt://127.0.0.1:${mqttPorts(hub).port}`, {
    reconnectPeriod: 0,
    connectTimeout: 10_000,
    ...options,
  })

/** Collects the messages that the client gets. */
export function inbox(client: MqttClient) {
  const found: { topic: string; text: string; properties: any; qos: number }[] = []
  client.on('message', (topic, payload, packet) =>
    found.push({ topic, text: payload.toString(), properties: packet.properties, qos: packet.qos }),
  )
  return found
}

/** A connection whose packets the test writes itself. */
export class BareClient {
  readonly socket: Socket
  readonly received: any[] = []
  readonly closed: Promise<unknown>
  readonly #version: 4 | 5

  private constructor(socket: Socket, version: 4 | 5) {
    this.socket = socket
    this.#version = version
    const packets = parser({ protocolVersion: version })
    packets.on('packet', (packet) => this.received.push(packet))
    packets.on('error', (error) => this.received.push(error))
    socket.on('data', (chunk) => packets.parse(chunk))
    socket.on('error', () => {})
    this.closed = new Promise((resolve) => socket.once('close', resolve))
  }

  static async open(hub: ServiceProcess, version: 4 | 5 = 5): Promise<BareClient> {
    const socket = connectTcp(mqttPorts(hub).port, '127.0.0.1')
    await once(socket, 'connect')
    return new BareClient(socket, version)
  }

  /** Opens a connection and logs in. */
  static async connected(
    hub: ServiceProcess,
    version: 4 | 5 = 5,
    connect: Readonly<Record<string, unknown>> = {},
  ): Promise<BareClient> {
    const client = await BareClient.open(hub, version)
    client.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: version,
      clientId: `bare-${Math.random()}`,
      clean: true,
      keepalive: 60,
      ...connect,
    })
    await client.packet('connack')
    return client
  }

  send(packet: Packet): void {
    this.socket.write(generate(packet, { protocolVersion: this.#version }))
  }

  /** Resolves with the first packet of this kind that was not taken before. */
  async packet(cmd: Packet['cmd']): Promise<any> {
    for (let i = 0; i < 500; i++) {
      const at = this.received.findIndex((packet) => packet.cmd === cmd)
      if (at >= 0) return this.received.splice(at, 1)[0]
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    throw new Error(`No ${cmd} came; ${JSON.stringify(this.received)}`)
  }
}
