/**
 * Answers to the replicas that wait. The newest answers of a partition to a replica are records among the items: they come
 * after the changes that they speak of, and each replica reads both in their order.
 */
import { randomBytes } from 'node:crypto'
import type { TableAnswer, TableEntry } from '@weir/contracts'
import type { Keyed, KeyedState } from '@weir/state'

/** The bytes of a record of answers, unless it has one answer with a larger item. */
const MAX_BYTES = 256 << 10
/** Records of answers to replicas that are gone are removed after this time (ms). */
const KEPT_MS = 10 * 60_000
/** The keys of items begin with the length of a table's id. */
const PREFIX = Buffer.of(0)

export const newReplicaId = (): string => randomBytes(8).toString('hex')
export const isReplicaId = (text: string): boolean => /^[0-9a-f]{16}$/.test(text)

/** @param part from 0: answers that do not fit into one record */
const keyFor = (replica: string, part: number): Buffer =>
  Buffer.concat([PREFIX, Buffer.from(`${replica}/${part}`)])

/** Returns the replica that a record of answers is for; undefined for the key of an item. */
export function replicaOf(key: Buffer): string | undefined {
  if (key.length <= PREFIX.length || key.compare(PREFIX, 0, PREFIX.length, 0, PREFIX.length) !== 0)
    return undefined
  return key.toString('utf8', PREFIX.length, key.lastIndexOf('/'))
}

/** When a record is removed (ms since the epoch); Infinity for items, which have their own times. */
export const answersDueAt = ({ at }: Pick<TableEntry, 'at'>): number => at + KEPT_MS

/** The answers of one turn. */
export class AnswerBook {
  readonly #byReplica = new Map<string, TableAnswer[]>()

  add(replica: string, answer: TableAnswer): void {
    const answers = this.#byReplica.get(replica)
    if (answers === undefined) this.#byReplica.set(replica, [answer])
    else answers.push(answer)
  }

  /** Puts the answers behind all changes of the turn. */
  write(items: KeyedState<TableEntry>, now: number): void {
    for (const [replica, answers] of this.#byReplica) {
      let part = 0
      for (let from = 0; from < answers.length; part++) {
        let [to, bytes] = [from, 0]
        while (to < answers.length && (to === from || bytes + bytesOf(answers[to]) <= MAX_BYTES)) {
          bytes += bytesOf(answers[to++])
        }
        const keyed = items.at(keyFor(replica, part))
        keyed.value = { item: null, answers: answers.slice(from, to), at: now }
        items.put(keyed)
        from = to
      }
    }
    this.clear()
  }

  forget(keyed: Keyed<TableEntry>, items: KeyedState<TableEntry>): void {
    keyed.value = undefined
    items.put(keyed)
  }

  clear(): void {
    this.#byReplica.clear()
  }
}

const bytesOf = ({ id, message, item }: TableAnswer): number =>
  id.length + message.length * 3 + (item?.length ?? 0) * 3 + 64
