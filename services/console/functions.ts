/** The functions with their event source mappings, as the Lambda API lists them. */
import { type AwsClient, ifFound } from './aws-client.ts'
import { eachOf } from './polled.ts'
import { type Listed, MAX_ROWS } from './streams.ts'

export interface MappingRow {
  readonly id: string
  /** The stream, or the topic of a self-managed broker. */
  readonly source: string
  readonly state: string
  readonly batchSize: number
  readonly lastResult: string
  /** The consumer group whose lag is the mapping's. */
  readonly group: string
}

export interface FunctionRow {
  readonly name: string
  readonly runtime: string
  readonly state: string
  /** The newest published version; null if none was published. */
  readonly version: number | null
  readonly mappings: readonly MappingRow[]
}

const AT_ONCE = 8
/** The most versions and mappings that are read, over all pages. */
const MAX_READ = 2000

export async function listFunctions(aws: AwsClient, signal: AbortSignal): Promise<Listed<FunctionRow>> {
  const [versions, found] = await Promise.all([
    pages(aws, '/2015-03-31/functions/?FunctionVersion=ALL&MaxItems=50', 'Functions', signal),
    pages(aws, '/2015-03-31/event-source-mappings/?MaxItems=100', 'EventSourceMappings', signal),
  ])
  const byName = Map.groupBy(versions.items, ({ FunctionName }) => String(FunctionName))
  const mappings = Map.groupBy(found.items, ({ FunctionArn }) => String(FunctionArn).split(':')[6])
  const names = [...byName.keys()]
  const rows = await eachOf(names.slice(0, MAX_ROWS), AT_ONCE, async (name): Promise<FunctionRow> => {
    const all = byName.get(name)!
    const numbers = all.map(({ Version }) => Number(Version)).filter(Number.isInteger)
    return {
      name,
      runtime: String(all[0].Runtime ?? '–'),
      state: await stateOf(aws, name, signal),
      version: numbers.length === 0 ? null : Math.max(...numbers),
      mappings: (mappings.get(name) ?? []).slice(0, MAX_ROWS).map(mappingRow),
    }
  })
  return { rows, more: names.length > MAX_ROWS || versions.more || found.more }
}

/** Reads all pages of a list, up to `MAX_READ` items. */
async function pages(
  aws: AwsClient,
  path: string,
  member: string,
  signal: AbortSignal,
): Promise<{ items: any[]; more: boolean }> {
  const items: any[] = []
  for (let marker: string | undefined; ; ) {
    const page = await aws.lambda(
      marker === undefined ? path : `${path}&Marker=${encodeURIComponent(marker)}`,
      signal,
    )
    items.push(...page[member])
    marker = page.NextMarker ?? undefined
    if (marker === undefined) return { items, more: false }
    if (items.length >= MAX_READ) return { items, more: true }
  }
}

async function stateOf(aws: AwsClient, name: string, signal: AbortSignal): Promise<string> {
  const path = `/2015-03-31/functions/${encodeURIComponent(name)}/configuration`
  const found = await ifFound(aws.lambda(path, signal))
  if (found === undefined) return 'Deleted'
  return found.LastUpdateStatus === 'InProgress' ? 'Updating' : String(found.State)
}

function mappingRow(mapping: any): MappingRow {
  const { UUID, EventSourceArn, Topics = [], SelfManagedKafkaEventSourceConfig: kafka } = mapping
  const id = String(UUID)
  const group = kafka?.ConsumerGroupId
  return {
    id,
    source:
      Topics[0] === undefined ? `stream ${String(EventSourceArn).split('/').at(-1)}` : String(Topics[0]),
    state: String(mapping.State),
    batchSize: Number(mapping.BatchSize),
    lastResult: String(mapping.LastProcessingResult ?? ''),
    group: group === undefined || group === id ? `weir.mapping.${id}` : String(group),
  }
}
