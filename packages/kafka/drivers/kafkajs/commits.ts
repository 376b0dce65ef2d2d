/** Commits what handlers have finished, for all partitions together. */
import { setTimeout as sleep } from 'node:timers/promises'
import { metadataOf } from '../topic-ids.ts'
import { type Cluster, passing } from './cluster.ts'
import type { Member } from './member.ts'

/** Milliseconds between commits: what was handled in this time may be handed over again after a crash. */
const INTERVAL = 100
/** How long a commit is retried while its coordinator moves (ms). */
const PATIENCE = 5_000

interface Mark {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly offset: number
}

export class Commits {
  readonly #cluster: Cluster
  readonly #member: () => Member
  /** By topic and partition. */
  readonly #marked = new Map<string, Mark>()
  #running: Promise<void> | undefined

  constructor(cluster: Cluster, member: () => Member) {
    this.#cluster = cluster
    this.#member = member
  }

  mark(mark: Mark): void {
    this.#marked.set(keyOf(mark), mark)
    this.#running ??= this.#commitSoon()
  }

  async #commitSoon(): Promise<void> {
    do {
      await sleep(INTERVAL)
      // Marks that cannot be committed now are committed with the next ones.
      await this.#commit().catch(() => {})
    } while (this.#marked.size > 0)
    this.#running = undefined
  }

  get pending(): boolean {
    return this.#marked.size > 0
  }

  /** Commits what is marked. Rejects if that fails. */
  async flush(): Promise<void> {
    for (const until = Date.now() + PATIENCE; this.#marked.size > 0; await sleep(INTERVAL)) {
      try {
        await this.#commit()
      } catch (error) {
        if (!passing(error) || Date.now() > until) throw error
      }
    }
  }

  /** Drops what is marked: the partitions belong to other members. */
  drop(): void {
    this.#marked.clear()
  }

  /**
   * Commits what is marked. If the group has given the partitions to other members, the marks are dropped:
   * those members get the records again.
   */
  async #commit(): Promise<void> {
    // A recreated topic must not get the offsets of its predecessor.
    for (const [key, { topic, topicId }] of this.#marked) {
      if (this.#cluster.isOther(topic, topicId)) this.#marked.delete(key)
    }
    const committing = [...this.#marked.values()]
    if (committing.length === 0) return
    const { memberId } = this.#member()
    const topics = [...Map.groupBy(committing, ({ topic }) => topic)].map(([topic, marks]) => {
      const partitions = marks.map(({ partition, offset, topicId }) => ({
        partition,
        offset,
        metadata: metadataOf(topicId),
      }))
      return { topic, partitions }
    })
    try {
      await this.#member().call('OffsetCommit', { memberId, topics })
    } catch (error) {
      if (!passing(error)) this.drop()
      throw error
    }
    // A mark that was replaced meanwhile is kept.
    for (const mark of committing)
      if (this.#marked.get(keyOf(mark)) === mark) this.#marked.delete(keyOf(mark))
  }
}

function keyOf({ topic, partition }: Mark): string {
  return `${topic}/${partition}`
}
