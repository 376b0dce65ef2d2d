/** Rows that flows and applications look up: the newest value of each key of a compacted topic, in memory. */
import type { Codec } from '@weir/codec'
import type { TopicName } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import { materialise } from '@weir/tables'

export interface RowViews {
  /** Returns the view of a topic, which is shared. It has all rows when open() has resolved. */
  of(topic: TopicName): ReadonlyMap<string, any>
  /** Resolves when the views that were asked for have all rows that are in their topics. */
  open(): Promise<void>
  ready(): boolean
}

export interface RowViewsOptions {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export function newRowViews(options: RowViewsOptions): Resource<RowViews> {
  const views = new Map<TopicName, OpenView>()
  const value: RowViews = {
    of(topic) {
      const known = views.get(topic)
      if (known !== undefined) return known.rows
      const rows = new Map<string, unknown>()
      const follower = materialise(
        { ...options, topic, reader: 'rows' },
        {
          accept({ key, value }) {
            if (value === null) rows.delete(key)
            else rows.set(key, value)
          },
          clear: () => rows.clear(),
        },
      )
      views.set(topic, { rows, follower, opened: follower.catchUp().then(() => follower.start()) })
      return rows
    },
    async open() {
      await Promise.all([...views.values()].map(({ opened }) => opened))
    },
    ready: () => [...views.values()].every(({ follower }) => follower.ready),
  }
  return {
    value,
    stop: async () => {
      await Promise.all([...views.values()].map(({ follower }) => follower.stop()))
    },
  }
}

interface OpenView {
  readonly rows: ReadonlyMap<string, unknown>
  readonly follower: ReturnType<typeof materialise>
  /** Resolves when all rows of the topic are in the view. */
  readonly opened: Promise<void>
}
