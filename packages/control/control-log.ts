/**
 * Control state: small things that all replicas must agree on (streams and their shards, functions, mappings)
 * are kept in compacted topics of one partition. Every replica follows the whole log. A change is decided by
 * the replica that holds the log's transactional id, after it has read everything written before, so no two
 * replicas decide on the same state. All other state, in Redis or in memory, can be rebuilt from here.
 */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import type { ControlEntry as Stored, TopicName } from '@weir/contracts'
import { type Kafka, KafkaError } from '@weir/kafka'
import { openTable, type Table } from '@weir/tables'
import { backoffMs } from '@weir/timing'
import type { TopicRecord, WarnLog } from '@weir/topics'

export interface ControlEntry {
  readonly kind: string
  readonly id: string
  /** The checked state; undefined removes the entry of that kind and id. */
  readonly state: unknown
}

/** A change that a decision writes. */
export interface Change {
  readonly kind: string
  readonly id: string
  /** Undefined removes it. */
  readonly value: unknown
}

/**
 * Throws an error whose message is a sentence if the state has a wrong type, is out of bounds, or belongs to
 * another id. Entries are input: on a broker without logins anybody can write them. A check ignores fields
 * that it does not know, because a later version may have written them.
 */
export type CheckState = (state: unknown, id: string) => void

export interface ControlOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly topic: ControlTopic
  /**
   * One check for each kind. Entries of other kinds are ignored: another version of the service wrote them.
   */
  readonly checks: Readonly<Record<string, CheckState>>
  /**
   * Applies every entry in the order of the log; existing entries are applied before openControlLog resolves.
   * If it throws, the entry is left out, like one that a check refuses.
   */
  apply(entry: ControlEntry): void
  readonly log: WarnLog
}

type ControlTopic = Extract<
  TopicName,
  'weir.control.streams' | 'weir.control.functions' | 'weir.control.notifications' | 'weir.control.rules'
>

export interface ControlLog {
  /**
   * Runs `decide` when everything written before has been applied and no other replica can write, then writes
   * the changes that it returns, all or nothing. `decide` may run several times; its errors are thrown here.
   * Resolves when the changes are stored and applied here; other replicas have them some milliseconds later.
   * Rejects with a KafkaError after 15 s without success: the changes may or may not have been made.
   */
  write(decide: () => readonly Change[]): Promise<void>
  /** Writes an entry that only this replica writes, without waiting for its turn. */
  announce(change: Change): Promise<void>
  /** Resolves when everything written before the call has been applied. */
  catchUp(): Promise<void>
  /** False while the log cannot be followed: newer decisions are not known here. */
  ready(): boolean
  stop(): Promise<void>
}

/** How long a decision is retried if others get in its way or its outcome is unknown (ms). */
const PATIENCE_MS = 15_000
/** The longest pause before the second attempt, and before later ones (ms). */
const FIRST_PAUSE_MS = 20
const MAX_PAUSE_MS = 500
/**
 * Each transaction writes a mark under this key, by which its writer can tell afterwards whether it was
 * committed.
 */
const MARK = { kind: 'write', id: 'last' } as const
const MARKS_KEPT = 200
/** The most characters of an id. The longest ids are a stream's name with a consumer's. */
const MAX_ID_LENGTH = 300

export async function openControlLog({
  kafka,
  codec,
  topic,
  checks,
  apply,
  log,
}: ControlOptions): Promise<ControlLog> {
  const marks = new Set<string>()
  let turn: Promise<unknown> = Promise.resolve()

  const accept = (record: TopicRecord<Stored>): void => {
    const entry = entryOf(record)
    if (entry.kind === MARK.kind) return remember(entry.state)
    if (!Object.hasOwn(checks, entry.kind)) return
    if (entry.state !== undefined) checks[entry.kind](entry.state, entry.id)
    apply(entry)
  }

  const remember = (mark: unknown): void => {
    if (typeof mark !== 'string') return
    marks.add(mark)
    if (marks.size > MARKS_KEPT) marks.delete(marks.values().next().value!)
  }

  const table: Table<ControlTopic> = await openTable(
    { kafka, codec, topic, reader: 'control-log', log },
    { accept },
  )

  /** Throws what the kind's check throws: every replica would leave such an entry out. */
  const stored = ({ kind, id, value }: Change): readonly [key: string, entry: Stored | null] => {
    const key = `${kind}/${id}`
    if (value === undefined) return [key, null]
    const json = JSON.stringify(value)
    if (kind !== MARK.kind) checks[kind](JSON.parse(json), id)
    return [key, { kind, id, json }]
  }

  const write = async (decide: () => readonly Change[]): Promise<void> => {
    const mark = randomUUID()
    const deadline = Date.now() + PATIENCE_MS
    for (let attempt = 0; ; attempt++) {
      try {
        await kafka.transact(`${topic}.writer`, async (out) => {
          await table.catchUp()
          // An earlier attempt whose answer was lost may have succeeded.
          if (marks.has(mark)) return
          const changes = decide()
          if (changes.length === 0) return
          for (const change of [...changes, { ...MARK, value: mark }]) table.append(out, ...stored(change))
        })
        break
      } catch (error) {
        if (!(error instanceof KafkaError) || !error.retriable || Date.now() > deadline) throw error
        await sleep(Math.random() * backoffMs(attempt, FIRST_PAUSE_MS, MAX_PAUSE_MS))
      }
    }
    // Other calls of this replica must find the changes applied.
    await table.settle(AbortSignal.timeout(PATIENCE_MS))
  }

  return {
    catchUp: () => table.catchUp(),
    ready: () => table.ready(),
    write: (decide) => {
      const mine = turn.then(() => write(decide))
      turn = mine.catch(() => {})
      return mine
    },
    announce: async (change) => table.put(...stored(change)),
    stop: () => table.stop(),
  }
}

/** Throws if an entry is not stored under its own name: compaction would confuse it with another one. */
function entryOf({ key, value }: TopicRecord<Stored>): ControlEntry {
  const slash = key.indexOf('/')
  const [kind, id] = [key.slice(0, slash), key.slice(slash + 1)]
  if (slash < 1 || id.length < 1 || id.length > MAX_ID_LENGTH) {
    throw new Error(`The key must be KIND/ID, with an id of 1 to ${MAX_ID_LENGTH} characters.`)
  }
  if (value === null) return { kind, id, state: undefined }
  if (value.kind !== kind || value.id !== id)
    throw new Error('The entry is stored under the key of another entry.')
  return { kind, id, state: JSON.parse(value.json) }
}
