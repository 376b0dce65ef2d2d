import { groupFamilies } from '@weir/contracts'
import type { Kafka } from '@weir/kafka'
import { pause } from '@weir/timing'
import { command, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { print, printJson, untilStopped } from '../terminal/output.ts'
import { styled, table, thousands } from '../terminal/table.ts'

const usage = `
weir lag [GROUP] [options]

Shows the lag of Weir's consumer groups, by topic. With GROUP, which may be any group of the cluster, shows
its lag by partition. Lag is the number of records between the committed offset and the end, transaction
markers included. Deleted records do not count, nor does the offset of a topic that was deleted and recreated.

  --watch     repeats every 2 seconds, until Ctrl-C
  --json      prints JSON; with --watch, one JSON array per line

Examples
  weir lag
  weir lag enricher.orders --watch
`

const EVERY = 2_000

interface Row {
  readonly group: string
  readonly state: string
  readonly topic: string
  readonly partition: number
  readonly committed: number
  readonly latest: number
  readonly lag: number
}

export const lag = command({
  name: 'lag',
  summary: 'Show how far consumer groups are behind',
  usage,
  options: { watch: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
  async run({ watch, json }, positionals) {
    onlyPositionals(positionals, 1)
    const [group] = positionals
    const signal = untilStopped()
    await withKafka(async (kafka) => {
      while (!signal.aborted) {
        const rows = await lagRows(kafka, group)
        if (json && watch) await print(`${JSON.stringify(rows)}\n`, signal)
        else if (json) await printJson(rows)
        else
          await print(
            `${watch && process.stdout.isTTY ? '\x1b[2J\x1b[H' : ''}${group === undefined ? byTopic(rows) : byPartition(rows)}`,
            signal,
          )
        if (!watch) return
        await pause(EVERY, signal)
      }
    })
    return EXIT.ok
  },
})

const isWeirs = (groupId: string): boolean =>
  Object.keys(groupFamilies).some((prefix) => groupId.startsWith(prefix))

/**
 * Returns every partition of the topics that a group reads, for all of Weir's groups unless one is named.
 * Other groups pile up: the schema registry creates a new one at each start.
 */
export async function lagRows(kafka: Kafka, only: string | undefined): Promise<Row[]> {
  const groups = await kafka.admin.groups()
  const wanted = groups.filter(({ groupId }) => (only === undefined ? isWeirs(groupId) : groupId === only))
  if (only !== undefined && wanted.length === 0) {
    throw new UsageError(
      `There is no consumer group ${only}.${hint(
        only,
        groups.map((group) => group.groupId),
      )}`,
    )
  }
  const rows = await Promise.all(
    wanted.map(async ({ groupId, state }) =>
      (await kafka.admin.lag(groupId)).map(({ topic, partition, committed, latest, lag }) => ({
        group: groupId,
        state,
        topic,
        partition,
        committed,
        latest,
        lag,
      })),
    ),
  )
  return rows
    .flat()
    .sort((a, b) => compare(a.group, b.group) || compare(a.topic, b.topic) || a.partition - b.partition)
}

function byPartition(rows: readonly Row[]): string {
  if (rows.length === 0) return 'The group has not committed an offset, so its lag is unknown.\n'
  const [{ state }] = rows
  return `${table(
    ['PARTITION', 'TOPIC', 'COMMITTED', 'END', 'LAG'],
    rows.map((row) => [
      String(row.partition),
      row.topic,
      row.committed < 0 ? null : row.committed,
      row.latest,
      row.lag,
    ]),
  )}${state}, lag ${thousands(sum(rows))}\n`
}

function byTopic(rows: readonly Row[]): string {
  if (rows.length === 0) return "None of Weir's consumer groups has started yet.\n"
  return table(
    ['GROUP', 'TOPIC', 'STATE', 'PARTITIONS', 'LAG', 'MOST IN ONE'],
    summarise(rows).map(({ group, topic, state, parts, lag, most }) => [
      group,
      topic,
      state.toLowerCase() === 'empty' ? styled('yellow', state) : state,
      parts,
      lag,
      most,
    ]),
  )
}

export interface GroupLag {
  readonly group: string
  readonly topic: string
  readonly state: string
  readonly parts: number
  readonly lag: number
  /** The lag of the partition furthest behind. */
  readonly most: number
}

export function summarise(rows: readonly Row[]): GroupLag[] {
  const groups = Map.groupBy(rows, (row) => JSON.stringify([row.group, row.topic]))
  return [...groups.values()].map((parts) => ({
    group: parts[0].group,
    topic: parts[0].topic,
    state: parts[0].state,
    parts: parts.length,
    lag: sum(parts),
    most: Math.max(...parts.map((row) => row.lag)),
  }))
}

const sum = (rows: readonly Row[]): number => rows.reduce((total, row) => total + row.lag, 0)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
