/**
 * Control state: small things that all replicas must agree on (streams and their shards, functions, mappings)
 * are kept in compacted topics of one partition. Every replica follows the whole log. A change is decided by
 * the replica that holds the log's transactional id, after it has read everything written before, so no two
 * replicas decide on the same state. All other state, in Redis or in memory, can be rebuilt from here.
 */
import type { Codec } from '@weir/codec'
import type { ControlEntry as Stored, TopicName } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { openTable, type Table } from '@weir/tables'
import type { TopicRecord, WarnLog } from '@weir/topics'
import { Decisions } from './decisions.ts'
import type { Scope } from './group.ts'

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
  | 'weir.control.streams'
  | 'weir.control.functions'
  | 'weir.control.notifications'
  | 'weir.control.rules'
  | 'weir.control.tables'
  | 'weir.control.endpoints'
  | 'weir.control.catalogue'
  | 'weir.control.deliveries'
>

export interface ControlLog {
  /**
   * Runs `decide` when everything written before has been applied and no other replica can write, then writes
   * the changes that it returns, all or nothing. `decide` may run several times; its errors are thrown here.
   * Resolves when the changes are stored and applied here; other replicas have them some milliseconds later.
   * Rejects with a KafkaError after 15 s without success: the changes may or may not have been made.
   * @param scope what `decide` looks at. Decisions about different things, of calls that overlap in time, are
   * written together, and none of them sees the changes of the others. Without it, `decide` may look at anything.
   */
  write(decide: () => readonly Change[], scope?: Scope): Promise<void>
  /** Writes an entry that only this replica writes, without waiting for its turn. */
  announce(change: Change): Promise<void>
  /** Resolves when everything written before the call has been applied. */
  catchUp(): Promise<void>
  /** False while the log cannot be followed: newer decisions are not known here. */
  ready(): boolean
  stop(): Promise<void>
}

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

  const decisions = new Decisions({
    transact: (work) =>
      kafka.transact(`${topic}.writer`, async (out) => {
        await table.catchUp()
        work({
          has: (mark) => marks.has(mark),
          entry(change) {
            const [key, entry] = stored(change)
            const bytes = key.length + (entry?.json.length ?? 0)
            return { bytes, append: () => table.append(out, key, entry) }
          },
          append: (mark) => table.append(out, ...stored({ ...MARK, value: mark })),
        })
      }),
    settle: (timeoutMs) => table.settle(AbortSignal.timeout(timeoutMs)),
  })

  return {
    catchUp: () => table.catchUp(),
    ready: () => table.ready(),
    write: (decide, scope) => decisions.make(decide, scope),
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
