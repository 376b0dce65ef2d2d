/** Commits what handlers have finished, together for all partitions. */
import { setTimeout as sleep } from 'node:timers/promises'
import { passing } from './cluster.ts'
import type { Member } from './member.ts'

/** Milliseconds between commits: what a crash can make to be handed over twice. */
const INTERVAL = 100
/** How long a commit is repeated while its coordinator moves. */
const PATIENCE = 5_000

export class Commits {
  readonly #member: () => Member
  readonly #marked = new Map<string, Map<number, number>>()
  #running: Promise<void> | undefined

  constructor(member: () => Member) {
    this.#member = member
  }

  mark(topic: string, partition: number, offset: number): void {
    const partitions = this.#marked.get(topic)
    if (partitions === undefined) this.#marked.set(topic, new Map([[partition, offset]]))
    else partitions.set(partition, offset)
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

  /** Where the group has given the partitions to others, what is marked is dropped: it will be handed over again there. */
  async #commit(): Promise<void> {
    const committing = [...this.#marked].map(([topic, partitions]) => ({ topic, partitions: [...partitions].map(([partition, offset]) => ({ partition, offset })) }))
    if (committing.length === 0) return
    const { memberId } = this.#member()
    try {
      await this.#member().call('OffsetCommit', { memberId, topics: committing })
    } catch (error) {
      if (!passing(error)) this.drop()
      throw error
    }
    for (const { topic, partitions } of committing) for (const { partition, offset } of partitions) this.#forget(topic, partition, offset)
  }

  /** Unless more was marked meanwhile. */
  #forget(topic: string, partition: number, offset: number): void {
    const partitions = this.#marked.get(topic)
    if (partitions?.get(partition) !== offset) return
    partitions.delete(partition)
    if (partitions.size === 0) this.#marked.delete(topic)
  }
}
