import type { Kafka } from '@weir/kafka'
import { pause } from '@weir/timing'
import { type GroupPartition, lagByTopic, lagOfGroups, weirGroups } from '@weir/topics/groups.ts'
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

/** Returns the lag of all of Weir's groups, or of one. Refuses a group that does not exist. */
export async function lagRows({ admin }: Kafka, only: string | undefined): Promise<GroupPartition[]> {
  if (only === undefined) return lagOfGroups(admin, await weirGroups(admin))
  const groups = await admin.groups()
  const wanted = groups.filter(({ groupId }) => groupId === only)
  if (wanted.length > 0) return lagOfGroups(admin, wanted)
  const names = groups.map((group) => group.groupId)
  throw new UsageError(`There is no consumer group ${only}.${hint(only, names)}`)
}

function byPartition(rows: readonly GroupPartition[]): string {
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

function byTopic(rows: readonly GroupPartition[]): string {
  if (rows.length === 0) return "None of Weir's consumer groups has started yet.\n"
  return table(
    ['GROUP', 'TOPIC', 'STATE', 'PARTITIONS', 'LAG', 'MOST IN ONE'],
    lagByTopic(rows).map(({ group, topic, state, parts, lag, most }) => [
      group,
      topic,
      state.toLowerCase() === 'empty' ? styled('yellow', state) : state,
      parts,
      lag,
      most,
    ]),
  )
}

const sum = (rows: readonly GroupPartition[]): number => rows.reduce((total, row) => total + row.lag, 0)
