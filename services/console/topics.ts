/** The topics of contracts and of streams, with their sizes and rates, and the lag of the groups that read them. */
import type { TopicTable } from '@weir/contracts'
import { topicFamilies } from '@weir/contracts/topics.ts'
import type { Admin } from '@weir/kafka'
import { type GroupLag, lagByTopic, lagOfGroups, weirGroups } from '@weir/topics/groups.ts'
import { eachOf } from './polled.ts'
import { MAX_ROWS } from './streams.ts'

export interface TopicRow {
  readonly name: string
  /** 0 if the topic does not exist. */
  readonly partitions: number
  /** The ends less the beginnings, transaction markers included. */
  readonly records: number
  /** Records written per second since the previous reading; null at the first one. */
  readonly perSecond: number | null
}

export interface TopicsNow {
  readonly topics: readonly TopicRow[]
  readonly groups: readonly GroupLag[]
  /** Whether groups or topics are left out. */
  readonly more: boolean
}

const AT_ONCE = 4

export class TopicSizes {
  readonly #table: TopicTable
  readonly #admin: Admin
  /** The sum of a topic's ends, and when it was read. */
  readonly #ends = new Map<string, { readonly end: number; readonly at: number }>()

  constructor(table: TopicTable, admin: Admin) {
    this.#table = table
    this.#admin = admin
  }

  async read(): Promise<TopicsNow> {
    const [existing, groups] = await Promise.all([this.#admin.topics(), weirGroups(this.#admin)])
    const partitions = new Map(existing.map(({ name, partitions }) => [name, partitions]))
    const ofStreams = madeAtRunTime(existing)
    const names = [...Object.keys(this.#table), ...ofStreams.slice(0, MAX_ROWS)]
    const [topics, lags] = await Promise.all([
      eachOf(names, AT_ONCE, (name) => this.#topic(name, partitions.get(name) ?? 0)),
      lagOfGroups(this.#admin, groups.slice(0, MAX_ROWS)),
    ])
    return {
      topics,
      groups: lagByTopic(lags).slice(0, MAX_ROWS),
      more: groups.length > MAX_ROWS || ofStreams.length > MAX_ROWS,
    }
  }

  async #topic(name: string, partitions: number): Promise<TopicRow> {
    if (partitions === 0) return { name, partitions, records: 0, perSecond: null }
    const offsets = await this.#admin.offsets(name)
    const at = performance.now()
    const end = offsets.reduce((sum, { latest }) => sum + latest, 0)
    const records = offsets.reduce((sum, { latest, earliest }) => sum + latest - earliest, 0)
    const before = this.#ends.get(name)
    this.#ends.set(name, { end, at })
    // The end of a recreated topic is lower than before.
    const perSecond =
      before === undefined || end < before.end ? null : ((end - before.end) * 1000) / (at - before.at)
    return { name, partitions, records, perSecond }
  }
}

const madeAtRunTime = (topics: readonly { readonly name: string }[]): string[] =>
  topics
    .map(({ name }) => name)
    .filter((name) => Object.keys(topicFamilies).some((prefix) => name.startsWith(prefix)))
    .sort()
