import type { Kafka } from '@weir/kafka'
import { command, moment, onlyPositionals, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { existingTopic, withKafka } from '../kafka.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'

const usage = `
weir reset GROUP TOPIC --to POSITION [options]

Sets the position from which a consumer group continues in a topic. Its members must be stopped. Moving back
reads records again: flows write their output a second time, but sinks do not change documents that are
already in the index. Moving forward skips records. To rebuild an index, delete it first.

  --to POSITION   earliest, latest, or a time such as 2026-11-26T08:00:00Z or milliseconds since the epoch:
                  the first record that arrived then or later
  --dry-run       shows what would change
  --json          prints JSON

Examples
  weir reset enricher.orders orders.placed --to 2026-11-26T08:00:00Z --dry-run
  weir reset indexer.orders orders.priced --to earliest
`

export interface Move {
  readonly partition: number
  /** -1 if the group had no offset. */
  readonly from: number
  readonly to: number
}

export const reset = command({
  name: 'reset',
  summary: 'Set the position of a consumer group',
  usage,
  options: {
    to: { type: 'string' },
    'dry-run': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
  },
  async run({ to, 'dry-run': dryRun, json }, [group, wanted, ...rest]) {
    onlyPositionals(rest, 0)
    if (group === undefined) throw new UsageError('Name a consumer group.')
    if (to === undefined)
      throw new UsageError('--to is missing. It says where the group continues: earliest, latest or a time.')
    const place = placeOf(to)
    const moves = await withKafka(async (kafka) => {
      const topic = await existingTopic(kafka, wanted)
      const found = await movesOf(kafka, group, topic, place)
      if (!dryRun)
        await kafka.admin.setOffsets(
          group,
          topic,
          found.map(({ partition, to }) => ({ partition, offset: to })),
        )
      return found
    })
    if (json) await printJson(moves)
    else
      await print(
        table(
          ['PARTITION', 'FROM', 'TO'],
          moves.map(({ partition, from, to }) => [String(partition), from < 0 ? null : from, to]),
        ),
      )
    return EXIT.ok
  },
})

type Place = 'earliest' | 'latest' | number

function placeOf(text: string): Place {
  return text === 'earliest' || text === 'latest' ? text : moment('--to', text, 'earliest, latest, ')
}

async function movesOf(kafka: Kafka, group: string, topic: string, place: Place): Promise<Move[]> {
  const committed = new Map(
    (await kafka.admin.lag(group))
      .filter((lag) => lag.topic === topic)
      .map((lag) => [lag.partition, lag.committed]),
  )
  const partitions = Array.from({ length: await kafka.partitions(topic) }, (_, partition) => partition)
  return Promise.all(
    partitions.map(async (partition) => ({
      partition,
      from: committed.get(partition) ?? -1,
      to: await kafka.offsetAt(topic, partition, place),
    })),
  )
}
