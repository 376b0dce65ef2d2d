import { applyTopics, ContractRefused, registerContracts } from '@weir/catalogue'
import type { Topic } from '@weir/contracts'
import { pathOf, schemaOf } from '@weir/contracts/load.ts'
import { topicConfigs } from '@weir/contracts/topic-configs.ts'
import type { Kafka, PartitionOffsets } from '@weir/kafka'
import { topics as contracts } from '@weir/solutions'
import { command, onlyPositionals, Refused, Unreachable, UsageError } from '../command.ts'
import { EXIT } from '../exit.ts'
import { contractOf, existingTopic, withKafka } from '../kafka.ts'
import { hint } from '../nearest.ts'
import { leavesOfTopic } from '../replay/contract.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { duration, styled, table, thousands } from '../terminal/table.ts'

const usage = `
weir topics [list] | describe NAME | apply

list        shows every topic with its partitions, records (end minus beginning, transaction markers
            included), retention, writers and readers
describe    shows one topic: the fields of its contract, its partitions, and settings that differ from the
            contract
apply       creates missing topics, updates their settings and registers the schemas. Applying twice is safe

  --json    prints JSON

Examples
  weir topics
  weir topics describe orders.placed
  weir topics apply
`

const ACTIONS = ['list', 'describe', 'apply']

export const topics = command({
  name: 'topics',
  summary: 'List, describe or create the topics of the contracts',
  usage,
  options: { json: { type: 'boolean', default: false } },
  async run({ json }, [action = 'list', name, ...rest]) {
    if (!ACTIONS.includes(action))
      throw new UsageError(`There is no \`weir topics ${action}\`.${hint(action, ACTIONS)}`)
    onlyPositionals(action === 'describe' ? rest : name === undefined ? [] : [name], 0)
    if (action === 'list') await withKafka((kafka) => list(kafka, json))
    else if (action === 'describe') await withKafka((kafka) => describe(kafka, name, json))
    else await withKafka((kafka) => apply(kafka, json))
    return EXIT.ok
  },
})

export interface TopicRow {
  readonly topic: string
  /** False for a topic that is in the contracts but not on the cluster. */
  readonly exists: boolean
  readonly partitions: number
  readonly records: number
  readonly retention: string
  readonly writers: readonly string[]
  readonly readers: readonly string[]
}

export async function topicRows(kafka: Kafka): Promise<TopicRow[]> {
  const found = new Map(
    (await kafka.admin.topics())
      .filter(({ name }) => !name.startsWith('__'))
      .map((topic) => [topic.name, topic]),
  )
  const names = [...Object.keys(contracts), ...[...found.keys()].filter((name) => !contractOf(name)).sort()]
  return Promise.all(
    names.map(async (name) => {
      const contract = contractOf(name)
      const topic = found.get(name)
      return {
        topic: name,
        exists: topic !== undefined,
        partitions: topic?.partitions ?? contract?.partitions ?? 0,
        records: topic ? count(await kafka.admin.offsets(name)) : 0,
        retention: contract ? retentionText(contract.retentionHours) : '-',
        writers: contract?.writers ?? [],
        readers: contract?.readers ?? [],
      }
    }),
  )
}

async function list(kafka: Kafka, json: boolean): Promise<void> {
  const rows = await topicRows(kafka)
  if (json) return printJson(rows)
  await print(
    table(
      ['TOPIC', 'PARTITIONS', 'RECORDS', 'RETENTION', 'WRITERS', 'READERS'],
      rows.map((row) => [
        row.topic,
        row.partitions,
        row.exists ? row.records : styled('yellow', 'missing'),
        row.retention,
        row.writers.join(' ') || null,
        row.readers.join(' ') || null,
      ]),
    ),
  )
  if (rows.some((row) => !row.exists)) await print('`weir topics apply` creates what is missing.\n')
}

async function describe(kafka: Kafka, wanted: string | undefined, json: boolean): Promise<void> {
  const topic = await existingTopic(kafka, wanted)
  const contract = contractOf(topic)
  const [offsets, configs] = await Promise.all([kafka.admin.offsets(topic), kafka.admin.topicConfigs(topic)])
  const differences = contract
    ? Object.entries(topicConfigs(contract)).filter(([name, value]) => configs[name] !== value)
    : []
  if (json)
    return printJson({
      topic,
      contract: contract && { ...contract, value: pathOf(contract.value) },
      partitions: offsets,
      configs,
      schema: contract && schemaOf(contract),
    })
  const sections = [
    contract ? about(topic, contract) : `${styled('bold', topic)}\nThis topic does not have a contract.\n`,
    ...(contract
      ? [
          table(
            ['FIELD', 'TYPE', 'MEANING'],
            leavesOfTopic(contract).map(({ name, type, nullable, doc }) => [
              name,
              nullable ? `${type} or null` : type,
              doc,
            ]),
          ),
        ]
      : []),
    table(
      ['PARTITION', 'BEGINNING', 'END', 'RECORDS'],
      offsets.map(({ partition, earliest, latest }) => [
        String(partition),
        earliest,
        latest,
        latest - earliest,
      ]),
    ),
    ...differences.map(
      ([name, value]) =>
        `${name} is ${configs[name]}, but the contract says ${value}; \`weir topics apply\` sets it.\n`,
    ),
  ]
  await print(sections.join('\n'))
}

async function apply(kafka: Kafka, json: boolean): Promise<void> {
  const log = json
    ? undefined
    : (line: string): void => {
        process.stderr.write(`${line}\n`)
      }
  const applied = await applyTopics(kafka.admin, { topics: contracts, replicas: -1, log })
  const contractsInPlace = await registerContracts(readSettings().registry, contracts, log).catch(
    (error: Error) => {
      throw error instanceof ContractRefused
        ? new Refused(error.message)
        : new Unreachable(
            `The contracts could not be registered with the schema registry: ${error.message}; check REGISTRY_URL.`,
          )
    },
  )
  if (json) return printJson({ ...applied, contracts: contractsInPlace })
  await print(
    `${applied.created.length} topics created, ${applied.updated.length} changed, ${contractsInPlace.length} contracts registered.\n`,
  )
}

function about(
  name: string,
  { doc, key, partitions, retentionHours, writers, readers, doors }: Topic,
): string {
  return `${styled('bold', name)}\n${doc}\n${[
    key === null ? 'no key field' : `key ${key}`,
    `${thousands(partitions)} partitions`,
    `kept ${retentionText(retentionHours)}`,
    `written by ${writers.join(', ')}`,
    ...(readers.length > 0 ? [`read by ${readers.join(', ')}`] : []),
    ...(doors.length > 0
      ? [
          `open to clients over ${doors.map((door) => (typeof door === 'string' ? door : `mqtt (${door.mqtt})`)).join(', ')}`,
        ]
      : []),
  ].join(', ')}.\n`
}

const retentionText = (retention: Topic['retentionHours']): string =>
  retention === 'compact'
    ? 'for the newest record of each key'
    : duration(retention * 3_600_000).replace(/ 0 h$| 00 min$/, '')

const count = (offsets: readonly PartitionOffsets[]): number =>
  offsets.reduce((sum, { earliest, latest }) => sum + latest - earliest, 0)
