/** The MQTT door: devices connect over TCP, TLS or WebSocket, publish and subscribe. */
import {
  type Access,
  type Admission,
  Connections,
  Gauge,
  type Logger,
  metrics,
  type Resource,
  stage,
} from '@weir/service'
import type { DeviceMessages } from '../../devices/message.ts'
import type { Retained } from '../../devices/retained/retained.ts'
import type { Sessions } from '../../devices/sessions/sessions.ts'
import { Connection } from './connection.ts'
import { Inbox } from './inbox.ts'
import { LIMITS } from './limits.ts'
import { listen, type MqttConfig, type Serve } from './listen.ts'
import { REASON } from './reasons.ts'
import { Wills } from './will.ts'

/** The parts that all connections of the door share. */
export interface Door {
  readonly access: Access
  readonly admission: Admission
  readonly inbox: Inbox
  readonly log: Logger
  /** Undefined if messages are not retained. */
  readonly retained: Retained | undefined
  readonly sessions: Sessions
  readonly wills: Wills
  closed(connection: Connection): void
}

export interface MqttDoor extends Serve {
  readonly port: number
  /** Undefined without a certificate. */
  readonly tlsPort: number | undefined
}

export interface MqttDoorOptions {
  readonly access: Access
  readonly admission: Admission
  readonly devices: DeviceMessages
  readonly log: Logger
  readonly retained: Retained | undefined
  readonly sessions: Sessions
}

const counted = new Gauge({
  name: 'weir_mqtt_connections',
  help: 'Connections of devices; those that have not logged in have the state unknown.',
  labelNames: ['state'],
  registers: [metrics],
})

const paused = new Gauge({
  name: 'weir_mqtt_paused_connections',
  help: 'Connections of devices that are not read now, because what they sent is not stored yet or they send faster than they may.',
  registers: [metrics],
})

export async function openMqtt(
  config: MqttConfig,
  { access, admission, devices, log, retained, sessions }: MqttDoorOptions,
): Promise<Resource<MqttDoor>> {
  const open = new Set<Connection>()
  const connections = new Connections({
    max: config.connections,
    firstMs: LIMITS.connectMs,
    idleMs: Infinity,
  })
  const inbox = new Inbox(devices, admission, stage('ingest-hub.mqtt'))
  const wills = new Wills(inbox)
  const door: Door = {
    access,
    admission,
    inbox,
    log,
    retained,
    sessions,
    wills,
    closed: (connection) => void open.delete(connection),
  }
  const serve: Serve = {
    open: (socket, tls) => connections.open(socket, tls),
    serve(wire, place, origin) {
      const admit = (principal: string): boolean => {
        if (!connections.identify(place, principal)) return false
        // It stays as long as it is connected, unlike a connection between two requests.
        connections.begin(place)
        return true
      }
      open.add(new Connection(door, wire, origin, admit))
    },
  }
  const look = (): void => {
    const now = performance.now()
    let waiting = 0
    for (const connection of open) {
      connection.look(now)
      if (connection.isPaused) waiting++
    }
    paused.set(waiting)
    inbox.retry()
    const { known, unknown } = connections.counts
    counted.set({ state: 'known' }, known)
    counted.set({ state: 'unknown' }, unknown)
  }
  look()
  const looking = setInterval(look, LIMITS.lookMs)
  const listeners = await listen(config, serve)
  log.info(`MQTT is served at port ${listeners.port}`)
  if (listeners.tlsPort !== undefined) log.info(`MQTT with TLS is served at port ${listeners.tlsPort}`)
  return {
    value: { port: listeners.port, tlsPort: listeners.tlsPort, ...serve },
    async stop(drainMs) {
      clearInterval(looking)
      wills.stop()
      const closed = listeners.close()
      for (const connection of open)
        connection.end({
          reason: REASON.serverShuttingDown,
          message: 'This replica is stopping; connect to another.',
        })
      const late = setTimeout(() => connections.destroy(), drainMs / 2)
      await Promise.all([closed, inbox.idle()])
      clearTimeout(late)
      connections.destroy()
    },
  }
}
