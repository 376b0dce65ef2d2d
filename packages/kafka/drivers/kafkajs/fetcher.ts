/** Keeps lanes supplied: one fetch request in flight per broker, for the lanes there that have room. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Cluster, UNKNOWN_TOPIC, passing } from './cluster.ts'
import { brokerError } from './errors.ts'
import type { Lane } from './lane.ts'
import { fetch } from './protocol/fetch.ts'

/** Milliseconds that a fetch waits for records: long while all lanes of the broker are in it, short while some are busy and may soon want more. */
const LONG_WAIT = 500
const SHORT_WAIT = 10
const PAUSE_AFTER_FAILURE = 200
const OFFSET_OUT_OF_RANGE = 1
const NO_NODE = -1

export class Fetcher {
  readonly #cluster: Cluster
  readonly #lanes = new Set<Lane>()
  readonly #pumps = new Set<number>()
  #turn = 0
  #closed = false
  #heard = Date.now()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  add(lane: Lane): void {
    this.#lanes.add(lane)
    this.wake()
  }

  remove(lane: Lane): void {
    this.#lanes.delete(lane)
  }

  close(): void {
    this.#closed = true
    this.#lanes.clear()
  }

  /** True when lanes want records and no broker has answered for so many milliseconds. */
  stalled(ms: number): boolean {
    if (![...this.#lanes].some((lane) => lane.wanting)) this.#heard = Date.now()
    return Date.now() - this.#heard > ms
  }

  /** To be called when a lane may want records. */
  wake(): void {
    for (const lane of this.#lanes) {
      if (!lane.wanting) continue
      const node = this.#nodeOf(lane)
      if (this.#pumps.has(node)) continue
      this.#pumps.add(node)
      void this.#pump(node)
    }
  }

  #nodeOf(lane: Lane): number {
    return lane.preferredReplica !== NO_NODE ? lane.preferredReplica : this.#cluster.leader(lane.topic, lane.partition)
  }

  /** Serves the lanes of one broker until none of them wants; as NO_NODE, looks for the leaders of those that have none. */
  async #pump(node: number): Promise<void> {
    while (!this.#closed) {
      const here = [...this.#lanes].filter((lane) => lane.reading && this.#nodeOf(lane) === node)
      const wanting = here.filter((lane) => lane.wanting)
      if (wanting.length === 0) break
      try {
        if (node === NO_NODE) await this.#findLeaders()
        else await this.#fetch(node, wanting, wanting.length === here.length ? LONG_WAIT : SHORT_WAIT)
      } catch (error) {
        if (!this.#closed) await this.#recover(wanting, error)
      }
    }
    this.#pumps.delete(node)
    if (!this.#closed) this.wake()
  }

  async #findLeaders(): Promise<void> {
    await this.#cluster.refresh()
    this.wake()
    if ([...this.#lanes].some((lane) => lane.wanting && this.#nodeOf(lane) === NO_NODE)) await sleep(PAUSE_AFTER_FAILURE)
  }

  async #fetch(node: number, lanes: Lane[], maxWaitMs: number): Promise<void> {
    // The broker fills the response from its first partition on: each gets to be first in turn.
    const first = this.#turn++ % lanes.length
    const from = [...lanes.slice(first), ...lanes.slice(0, first)].map(({ topic, partition, fetchFrom }) => ({ topic, partition, offset: fetchFrom }))
    const link = await this.#cluster.link(node, 'fetch')
    const fetched = await link.send(fetch(from, maxWaitMs, this.#cluster.config.rack ?? ''))
    this.#heard = Date.now()
    const offsets = new Map(from.map(({ topic, partition, offset }) => [`${topic}/${partition}`, offset]))
    const byName = new Map(lanes.map((lane) => [`${lane.topic}/${lane.partition}`, lane]))
    let failure: unknown
    for (const { topic, partition, errorCode, lastStableOffset, aborted, preferredReplica, bytes } of fetched) {
      const name = `${topic}/${partition}`
      const lane = byName.get(name)
      const position = offsets.get(name)
      if (lane === undefined || position === undefined) continue
      if (errorCode === OFFSET_OUT_OF_RANGE) {
        lane.restart(position, brokerError(errorCode))
      } else if (errorCode !== 0) {
        this.#cluster.forgetLeader(topic, partition)
        lane.preferredReplica = NO_NODE
        failure = brokerError(errorCode)
        if (errorCode === UNKNOWN_TOPIC || !passing(failure)) lane.restart(position, failure)
      } else if (preferredReplica !== NO_NODE && preferredReplica !== node) {
        lane.preferredReplica = preferredReplica
      } else {
        lane.offer({ topic, partition, position, bytes, aborted, endOffset: lastStableOffset })
      }
    }
    if (failure !== undefined) throw failure
  }

  async #recover(lanes: Lane[], error: unknown): Promise<void> {
    this.#cluster.log.debug({ err: error }, 'a fetch failed')
    for (const lane of lanes) lane.preferredReplica = NO_NODE
    await sleep(PAUSE_AFTER_FAILURE)
    await this.#cluster.refresh().catch(() => {})
    this.wake()
  }
}
