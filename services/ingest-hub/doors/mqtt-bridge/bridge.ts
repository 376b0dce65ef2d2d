/**
 * Brings messages from MQTT brokers. Each broker has a fixed number of sessions, since a session keeps messages
 * while it is away. The replicas divide the sessions like the partitions of a topic: a session belongs to the
 * replica that has its partition, and goes to another one with it.
 */
import type { Kafka } from '@weir/kafka'
import { type Admission, Counter, Gauge, type Logger, metrics, type Resource, stage } from '@weir/service'
import type { DeviceMessages } from '../../devices/message.ts'
import { Inbox } from '../mqtt/inbox.ts'
import { LIMITS } from '../mqtt/limits.ts'
import type { Broker, ReadBridgeConfig } from './config.ts'
import { BridgeSession } from './session.ts'

const TOPIC = 'weir.devices.bridge'
const GROUP = 'ingest-hub.bridge'
/** How often the sessions are compared with the partitions and the configuration. */
const LOOK_MS = 500

export interface MqttBridgeOptions {
  readonly admission: Admission
  readonly devices: DeviceMessages
  readonly kafka: Pick<Kafka, 'consume' | 'partitions'>
  readonly log: Logger
}

const counted = new Gauge({
  name: 'weir_mqtt_bridge_sessions',
  help: 'Sessions at MQTT brokers that belong to this replica, by state: open, or waiting for a connection.',
  labelNames: ['broker', 'state'],
  registers: [metrics],
})
const lost = new Counter({
  name: 'weir_mqtt_bridge_lost_connections_total',
  help: 'Connections to MQTT brokers that ended or could not be opened.',
  labelNames: ['broker'],
  registers: [metrics],
})

export async function openMqttBridge(
  read: ReadBridgeConfig | undefined,
  { admission, devices, kafka, log }: MqttBridgeOptions,
): Promise<Resource<void>> {
  if (read === undefined) return { value: undefined, stop() {} }
  const partitions = await kafka.partitions(TOPIC)
  const member = await kafka.consume({ groupId: GROUP, topics: [TOPIC], startAt: 'latest' }, () => {})
  const inbox = new Inbox(devices, admission, stage('ingest-hub.mqtt-bridge'))
  const sessions = new Map<string, BridgeSession>()
  const leaving = new Set<Promise<void>>()

  const leave = (key: string, session: BridgeSession): void => {
    sessions.delete(key)
    const left = session.stop(LIMITS.hangUpMs).finally(() => leaving.delete(left))
    leaving.add(left)
  }
  let config = read()
  const look = (): void => {
    const before = config
    config = read()
    if (config !== before && config.problems.length > 0)
      log.warn(
        { problems: config.problems },
        'the changed list of MQTT brokers is not used; the hub keeps the earlier one',
      )
    const mine = new Set(member.assignments().map(({ partition }) => partition))
    const wanted = new Map<string, { readonly broker: Broker; readonly number: number }>()
    for (const broker of config.brokers) {
      for (let number = 0; number < broker.sessions; number++) {
        const partition = (sumOf(broker.name) + number) % partitions
        if (mine.has(partition)) wanted.set(`${broker.name} ${number}`, { broker, number })
      }
    }
    for (const [key, session] of [...sessions])
      if (wanted.get(key)?.broker !== session.broker) leave(key, session)
    for (const [key, { broker, number }] of wanted) {
      if (sessions.has(key)) continue
      const options = { broker, number, inbox, admission, log, lost: () => lost.inc({ broker: broker.name }) }
      sessions.set(key, new BridgeSession(options))
    }
    inbox.retry()
    count(config.brokers, [...sessions.values()])
  }
  look()
  const looking = setInterval(look, LOOK_MS)
  return {
    value: undefined,
    async stop(drainMs = LIMITS.hangUpMs) {
      clearInterval(looking)
      await Promise.all([...leaving, ...[...sessions.values()].map((session) => session.stop(drainMs / 2))])
      await member.stop(drainMs / 2)
    },
  }
}

function count(brokers: readonly Broker[], sessions: readonly BridgeSession[]): void {
  counted.reset()
  for (const { name } of brokers) {
    const ofBroker = sessions.filter(({ broker }) => broker.name === name)
    const open = ofBroker.filter(({ isOpen }) => isOpen).length
    counted.set({ broker: name, state: 'open' }, open)
    counted.set({ broker: name, state: 'waiting' }, ofBroker.length - open)
    lost.inc({ broker: name }, 0)
  }
}

/** Brokers with few sessions do not all begin at the same partition. */
const sumOf = (name: string): number => Buffer.from(name).reduce((sum, byte) => sum + byte, 0)
