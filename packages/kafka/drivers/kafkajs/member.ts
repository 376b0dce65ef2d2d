/**
 * A member of a classic consumer group. It joins, sends heartbeats, and drains before it joins again.
 * Heartbeats continue while handlers run.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Assigned, assignRanges, decodeAssignment, encodeSubscription, RANGE } from './assignment.ts'
import { type Cluster, COORDINATOR, passing } from './cluster.ts'
import { type ClientError, typeOf } from './errors.ts'
import type { Link } from './link.ts'

/**
 * Milliseconds. A member that is silent for a session loses its partitions, and so does one that does not
 * rejoin within the rebalance timeout.
 */
const SESSION = 10_000
const HEARTBEAT = 1_000
const REBALANCE = 15_000
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 3_000
const FIRST_ANSWER = 1_000
/** How often the leader of the group looks for partitions that were added (ms). */
const LOOK_FOR_PARTITIONS = 10_000

export interface MemberHooks {
  assigned(partitions: Assigned): void
  /**
   * Called before joining again: lets handlers finish and commits. `lost` means that others have the
   * partitions already.
   */
  revoked(lost: boolean): Promise<void>
  failed(error: unknown): void
}

const LOST = new Set(['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])

export class Member {
  generation = -1
  memberId = ''
  readonly #cluster: Cluster
  readonly #groupId: string
  readonly #topics: readonly string[]
  readonly #hooks: MemberHooks
  readonly #stop = new AbortController()
  readonly #finished: Promise<void>
  #joined = false
  #joining: Link | undefined
  #coordinator: number | undefined
  /** Partition counts that this member assigned as the leader. */
  #counts: Map<string, number> | undefined

  constructor(cluster: Cluster, groupId: string, topics: readonly string[], hooks: MemberHooks) {
    this.#cluster = cluster
    this.#groupId = groupId
    this.#topics = topics
    this.#hooks = hooks
    this.#finished = this.#run()
  }

  get joined(): boolean {
    return this.#joined
  }

  /**
   * Stops the heartbeats and leaves the group, even in the middle of a join. Called after the partitions were
   * drained.
   */
  async stop(): Promise<void> {
    this.#stop.abort()
    // The first answer to a join comes at once and brings the member id. Without it this member could not
    // leave, and the group would wait for it.
    if (this.memberId === '') await Promise.race([this.#finished, sleep(FIRST_ANSWER)])
    this.#joining?.close()
    await this.#finished
    if (this.memberId === '') return
    await this.call('LeaveGroup', { memberId: this.memberId }).catch(() => {})
  }

  /** Sends a request to the group's coordinator, which is looked up again after a failure. */
  async call(api: string, args: object): Promise<any> {
    try {
      this.#coordinator ??= await this.#cluster.coordinator(COORDINATOR.group, this.#groupId)
      const link = await this.#cluster.link(this.#coordinator)
      if (api === 'JoinGroup') this.#joining = link
      return await link.call(api, {
        groupId: this.#groupId,
        groupGenerationId: this.generation,
        generationId: this.generation,
        ...args,
      })
    } catch (error) {
      if (passing(error)) this.#coordinator = undefined
      throw error
    } finally {
      if (api === 'JoinGroup') this.#joining = undefined
    }
  }

  async #run(): Promise<void> {
    let pause = FIRST_PAUSE_MS
    while (!this.#stop.signal.aborted) {
      try {
        const partitions = await this.#join()
        if (this.#stop.signal.aborted) break
        this.#hooks.assigned(partitions)
        this.#joined = true
        pause = FIRST_PAUSE_MS
        const lost = await this.#beatUntilRebalance()
        this.#joined = false
        if (this.#stop.signal.aborted) break
        if (lost) this.#forget()
        await this.#beatDuring(this.#hooks.revoked(lost))
      } catch (error) {
        if (this.#stop.signal.aborted) break
        if (LOST.has(typeOf(error) ?? '')) this.#forget()
        else if (typeOf(error) !== 'REBALANCE_IN_PROGRESS' && !passing(error)) this.#hooks.failed(error)
        this.#cluster.log.debug({ err: error, groupId: this.#groupId }, 'joining the group failed')
        await this.#cluster.refresh().catch(() => {})
        await this.#pause(pause)
        pause = Math.min(pause * 2, LONGEST_PAUSE_MS)
      }
    }
    this.#joined = false
  }

  #forget(): void {
    this.memberId = ''
    this.generation = -1
  }

  async #join(): Promise<Assigned> {
    for (const topic of this.#topics) await this.#cluster.partitions(topic)
    const ask = () =>
      this.call('JoinGroup', {
        sessionTimeout: SESSION,
        rebalanceTimeout: REBALANCE,
        memberId: this.memberId,
        groupInstanceId: null,
        protocolType: 'consumer',
        groupProtocols: [{ name: RANGE, metadata: encodeSubscription(this.#topics) }],
      })
    const joined = await ask().catch((error: ClientError & { memberId?: string }) => {
      if (error.memberId !== undefined) this.memberId = error.memberId
      if (error.memberId === undefined || this.#stop.signal.aborted) throw error
      return ask()
    })
    this.memberId = joined.memberId
    this.generation = joined.generationId
    const leads = joined.leaderId === joined.memberId
    this.#counts = leads ? await this.#count() : undefined
    const groupAssignment = this.#counts === undefined ? [] : assignRanges(joined.members, this.#counts)
    const { memberAssignment } = await this.call('SyncGroup', {
      memberId: this.memberId,
      groupInstanceId: null,
      groupAssignment,
    })
    return decodeAssignment(memberAssignment)
  }

  async #count(): Promise<Map<string, number>> {
    await this.#cluster.refresh()
    const counts = new Map<string, number>()
    for (const topic of this.#topics) counts.set(topic, await this.#cluster.partitions(topic))
    return counts
  }

  /** Resolves to true when the partitions are lost, or to false when they can be given back in order. */
  async #beatUntilRebalance(): Promise<boolean> {
    let heard = Date.now()
    let looked = Date.now()
    for (;;) {
      await this.#pause(HEARTBEAT)
      if (this.#stop.signal.aborted) return false
      try {
        await this.call('Heartbeat', { memberId: this.memberId })
        heard = Date.now()
      } catch (error) {
        if (typeOf(error) === 'REBALANCE_IN_PROGRESS') return false
        if (LOST.has(typeOf(error) ?? '') || Date.now() - heard > SESSION) return true
      }
      if (this.#counts !== undefined && Date.now() - looked > LOOK_FOR_PARTITIONS) {
        looked = Date.now()
        if (await this.#grew().catch(() => false)) return false
      }
    }
  }

  async #grew(): Promise<boolean> {
    const counts = await this.#count()
    return this.#topics.some((topic) => counts.get(topic) !== this.#counts?.get(topic))
  }

  async #beatDuring(revoking: Promise<void>): Promise<void> {
    let done = false
    const finished = revoking.finally(() => (done = true))
    while (!done) {
      await Promise.race([finished, this.#pause(HEARTBEAT)])
      if (!done && this.memberId !== '')
        await this.call('Heartbeat', { memberId: this.memberId }).catch(() => {})
    }
    await finished
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#stop.signal }).catch(() => {})
  }
}
