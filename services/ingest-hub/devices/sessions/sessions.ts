/**
 * The sessions of MQTT clients. All replicas follow them in a compacted topic, so each knows every
 * subscription, and a client that connects elsewhere takes its session along.
 */
import { randomUUID } from 'node:crypto'
import type { Codec } from '@weir/codec'
import type { DeviceSession, DeviceSubscription } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { openTable } from '@weir/tables'
import { Follower, openRecords } from '@weir/topics'
import type { Taker } from '../devices.ts'
import { LogReader } from './log-reader.ts'
import { MESSAGES, messageOf, subscribers } from './messages.ts'
import { Session, type Sink } from './session.ts'
import { isNewer, SessionTable } from './table.ts'

const SESSIONS = 'weir.devices.sessions'
/** How often sessions are looked at. */
const LOOK_MS = 10_000
/** A connected session is written again after this time, as a sign that its replica lives. */
const REFRESH_MS = 20 * 60_000
/** A connected session that was not written for this time belongs to a replica that is gone. */
const GONE_MS = 60 * 60_000

export interface OpenSession {
  readonly clientId: string
  readonly principal: string
  /** Whether an earlier session of the client ends. */
  readonly clean: boolean
  readonly expirySeconds: number
  readonly sink: Sink
}

export interface Sessions {
  /** Stores messages that subscriptions match. */
  readonly taker: Taker
  /** Whether another key or certificate has a session with the client id. */
  belongsToOther(clientId: string, principal: string): boolean
  /** Resolves when the session is stored. Rejects with a KafkaError if it is not known to be. */
  open(options: OpenSession): Promise<{ readonly session: Session; readonly present: boolean }>
  /** Resolves when the session's subscriptions are stored. */
  subscribe(session: Session, subscriptions: readonly DeviceSubscription[]): Promise<void>
  /** The client is gone. The session goes on for `expirySeconds`. */
  close(session: Session, expirySeconds: number): void
  ready(): boolean
}

export interface SessionsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openSessions({ kafka, codec, log }: SessionsOptions): Promise<Resource<Sessions>> {
  const table = new SessionTable()
  const here = new Map<string, Session>()
  const reader = 'sessions of devices'
  const view = {
    accept({ key, value }: { readonly key: string; readonly value: DeviceSession | null }): void {
      const session = here.get(key)
      if (session !== undefined && (value === null || !isNewer(value, session.record))) {
        // The record is in the place of this session's, which must be the last one in the topic.
        write(session.record)
      } else if (value === null) table.delete(key)
      else if (session !== undefined && value.connection !== session.record.connection) {
        lose(session)
        table.set(value)
      } else if (session === undefined) {
        const known = table.get(key)
        if (known === undefined || isNewer(value, known)) table.set(value)
      }
    },
    clear(): void {
      table.clear()
      for (const { record } of here.values()) table.set(record)
    },
  }
  const sessions = await openTable({ kafka, codec, topic: SESSIONS, reader, log }, view)
  const [producer, writer, partitions, records] = await Promise.all([
    kafka.producer(),
    codec.writer(MESSAGES),
    kafka.partitions(MESSAGES),
    openRecords({ codec, topic: MESSAGES, reader, log }),
  ])
  const messages = new Follower({
    kafka,
    codec,
    topic: MESSAGES,
    reader,
    log,
    from: 'latest',
    accept({ value, partition, offset }) {
      const message = value === null || here.size === 0 ? undefined : messageOf(value, Date.now())
      if (message === undefined) return
      for (const [clientId, by] of table.receivers(message.topic, offset))
        here.get(clientId)?.arrived(message, by, partition, offset)
    },
    reset() {},
  })
  await messages.catchUp()
  messages.start()
  const position = (partition: number): number => messages.position(partition)
  const logReader = new LogReader({ kafka, records, table, position, log })

  function write(record: DeviceSession | { readonly clientId: string; readonly ended: true }): void {
    const value = 'ended' in record ? null : record
    sessions.put(record.clientId, value).catch((error: unknown) => {
      log.warn({ err: error }, 'the session of a device is not stored; it is written again later')
    })
  }
  /** The client has another connection. */
  function lose(session: Session): void {
    here.delete(session.record.clientId)
    session.close()
    session.sink.takenOver()
  }
  function change(session: Session, changes: Partial<DeviceSession>): DeviceSession {
    session.record = { ...session.record, seenAt: Date.now(), ...changes }
    table.set(session.record)
    return session.record
  }
  const looking = setInterval(() => {
    const now = Date.now()
    for (const session of here.values()) {
      const { expirySeconds, seenAt, positions, subscriptions } = session.record
      const isQueued = expirySeconds > 0 && subscriptions.length > 0
      const moved =
        isQueued && session.positions().some((offset, partition) => offset !== positions[partition])
      if (moved || now - seenAt > REFRESH_MS)
        write(change(session, { positions: isQueued ? session.positions() : [] }))
    }
    for (const { clientId, connected, seenAt, expirySeconds } of [...table.all()]) {
      const lastsMs = connected ? GONE_MS : expirySeconds * 1000
      if (here.has(clientId) || now - seenAt <= lastsMs) continue
      table.delete(clientId)
      write({ clientId, ended: true })
    }
  }, LOOK_MS)

  const value: Sessions = {
    taker: subscribers({ table, producer, writer, partitions }),
    belongsToOther(clientId, principal) {
      const known = table.get(clientId)
      return known !== undefined && !hasExpired(known) && known.principal !== principal
    },
    async open({ clientId, principal, clean, expirySeconds, sink }) {
      const found = table.get(clientId)
      const known = found === undefined || hasExpired(found) ? undefined : found
      const earlier = here.get(clientId)
      const present = !clean && known !== undefined && (earlier !== undefined || known.expirySeconds > 0)
      const positions = earlier?.positions() ?? known?.positions ?? []
      if (earlier !== undefined) lose(earlier)
      const record: DeviceSession = {
        clientId,
        principal,
        epoch: Math.max(Date.now(), (found?.epoch ?? 0) + 1),
        connection: randomUUID(),
        connected: true,
        expirySeconds,
        seenAt: Date.now(),
        subscriptions: present ? known.subscriptions : [],
        positions: present ? positions : [],
      }
      const session = new Session(record, sink, partitions, (...args) => logReader.read(...args), position)
      here.set(clientId, session)
      table.set(record)
      try {
        await sessions.put(clientId, record)
      } catch (error) {
        if (here.get(clientId) === session) here.delete(clientId)
        session.close()
        throw error
      }
      return { session, present }
    },
    async subscribe(session, subscriptions) {
      const positions = session.record.expirySeconds > 0 ? session.positions() : []
      const record = change(session, { subscriptions: [...subscriptions], positions })
      await sessions.put(record.clientId, record)
    },
    close(session, expirySeconds) {
      const { clientId } = session.record
      if (here.get(clientId) !== session) return
      here.delete(clientId)
      session.close()
      if (expirySeconds > 0) {
        write(change(session, { connected: false, expirySeconds, positions: session.positions() }))
      } else {
        table.delete(clientId)
        write({ clientId, ended: true })
      }
    },
    ready: () => sessions.ready() && messages.ready,
  }
  return {
    value,
    stop: async (drainMs) => {
      clearInterval(looking)
      logReader.stop()
      await messages.stop()
      await sessions.stop()
      await producer.stop(drainMs)
    },
  }
}

const hasExpired = ({ connected, seenAt, expirySeconds }: DeviceSession): boolean =>
  Date.now() - seenAt > (connected ? GONE_MS : expirySeconds * 1000)
