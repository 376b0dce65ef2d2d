/** Commits what handlers have finished, together for all partitions. */
import { setTimeout as sleep } from 'node:timers/promises'
import { metadataOf } from '../topic-ids.ts'
import { type Cluster, passing } from './cluster.ts'
import type { Member } from './member.ts'

/** Milliseconds between commits: what a crash can make to be handed over twice. */
const INTERVAL = 100
/** How long a commit is repeated while its coordinator moves. */
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
      // What cannot be committed now goes with what follows.
      await this.#commit().catch(() => {})
    } while (this.#marked.size > 0)
    this.#running = undefined
  }

  get pending(): boolean {
    return this.#marked.size > 0
  }

  /** Commits what is marked. Rejects where that cannot be done. */
  async flush(): Promise<void> {
    for (const until = Date.now() + PATIENCE; this.#marked.size > 0; await sleep(INTERVAL)) {
      try {
        await this.#commit()
      } catch (error) {
        if (!passing(error) || Date.now() > until) throw error
      }
    }
  }

  /** Forgets what is marked: the partitions belong to others. */
  drop(): void {
    this.#marked.clear()
  }

  /**
   * Where the group has given the partitions to others, what is marked is dropped: it will be handed over
   * again there.
   */
  async #commit(): Promise<void> {
    // A topic that was made anew must not get the offsets of the one before.
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
    // Unless more was marked meanwhile.
    for (const mark of committing)
      if (this.#marked.get(keyOf(mark)) === mark) this.#marked.delete(keyOf(mark))
  }
}

function keyOf({ topic, partition }: Mark): string {
  return `${topic}/${partition}`
}
