import { SERVICES, urlVariable } from '@weir/contracts/services.ts'
import type { Kafka } from '@weir/kafka'
import type { State } from '@weir/service/probe.ts'
import { fullDisk } from '@weir/stack/disk.ts'
import { dataFolder } from '@weir/stack/paths.ts'
import { stillRuns } from '@weir/stack/process.ts'
import { readState, type StackProcess } from '@weir/stack/state.ts'
import { type GroupLag, lagByTopic, lagOfGroups, weirGroups } from '@weir/topics/groups.ts'
import { command, onlyPositionals } from '../command.ts'
import { EXIT } from '../exit.ts'
import { withKafka } from '../kafka.ts'
import { readSettings } from '../settings.ts'
import { type Health, probeAll } from '../status/probes.ts'
import { print, printJson } from '../terminal/output.ts'
import { duration, styled, table, thousands } from '../terminal/table.ts'
import { type TopicRow, topicRows } from './topics.ts'

const usage = `
weir status

Shows every server and service with its state, address, process and uptime, and why it is not ready; then
topics and lag. Warns if the disk with the data of \`weir up\` is full. Looks at the stack that \`weir up\` runs,
or, if none runs, at the addresses in KAFKA_BROKERS, REGISTRY_URL, REDIS_URL, SEARCH_URL,
AWS_ENDPOINT_URL_S3, ${SERVICES.map(urlVariable).join(', ')}.

  --json    prints JSON

Exit codes: 0 all well, 3 something is down or not ready.
`

export const status = command({
  name: 'status',
  summary: 'Show every server and service, topics and lag',
  usage,
  options: { json: { type: 'boolean', default: false } },
  async run({ json }, positionals) {
    onlyPositionals(positionals, 0)
    const processes = new Map(
      readState()
        ?.processes.filter(stillRuns)
        .map((process) => [process.name, process]),
    )
    const probed = await probeAll(readSettings())
    const others = [...processes.values()].filter(({ name }) => !probed.some((part) => part.name === name))
    const health = [
      ...probed,
      ...others.map(
        ({ name, url }) =>
          ({ name, url, kind: 'service', state: 'ready', reason: '', uptime: undefined }) as const,
      ),
    ]
    const data = health[0].state === 'ready' ? await withKafka(readData) : undefined
    const well = health.every(({ state }) => state === 'ready')
    const disk = processes.size > 0 ? fullDisk(dataFolder()) : undefined
    const parts = health.map((part) => ({ ...part, pid: processes.get(part.name)?.pid }))
    if (json) await printJson({ well, disk, parts, ...data })
    else
      await print(
        `${disk === undefined ? '' : `${styled('red', disk)}\n\n`}${report(health, processes, data)}`,
      )
    return well ? EXIT.ok : EXIT.down
  },
})

interface Data {
  readonly topics: readonly TopicRow[]
  readonly groups: readonly GroupLag[]
}

const readData = async (kafka: Kafka): Promise<Data> => ({
  topics: await topicRows(kafka),
  groups: lagByTopic(await lagOfGroups(kafka.admin, await weirGroups(kafka.admin))),
})

const COLOURS = { ready: 'green', 'not ready': 'yellow', down: 'red' } as const satisfies Record<
  State,
  string
>

function report(
  health: readonly Health[],
  processes: ReadonlyMap<string, StackProcess>,
  data: Data | undefined,
): string {
  const parts = table(
    ['NAME', 'STATE', 'WHERE', 'PID', 'UP', ''],
    health.map(({ name, state, url, uptime, reason }) => {
      const process = processes.get(name)
      const up = uptime ?? (process && Date.now() - process.startedAt)
      return [
        name,
        styled(COLOURS[state], state),
        url,
        process ? String(process.pid) : null,
        up === undefined ? null : duration(up),
        reason,
      ]
    }),
  )
  if (!data) return parts
  const { topics, groups } = data
  const missing = topics.filter((topic) => !topic.exists)
  const records = topics.reduce((sum, topic) => sum + topic.records, 0)
  const lags =
    groups.length === 0
      ? 'There are no consumer groups yet.\n'
      : table(
          ['GROUP', 'TOPIC', 'STATE', 'LAG'],
          groups.map(({ group, topic, state, lag }) => [group, topic, state, lag]),
        )
  return `${parts}\n${topics.length - missing.length} topics, ${thousands(records)} records${missing.length > 0 ? `; missing: ${missing.map((topic) => topic.topic).join(', ')}` : ''}.\n\n${lags}`
}
