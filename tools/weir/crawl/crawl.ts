/** Proposes a contract for a topic or a file by a sample of its values. */
import { basename } from 'node:path'
import { infer } from '@weir/catalogue/infer.ts'
import { type Codec, valueDecoder } from '@weir/codec'
import { glueSchemaId } from '@weir/codec/glue-frame.ts'
import { askRegistry } from '@weir/codec/registry-requests.ts'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import { contractOf } from '../kafka.ts'
import { faultText } from '../replay/rows.ts'
import { firstRows } from './file-rows.ts'
import { type Format, formatOf, objectIn } from './sample.ts'

export interface Crawled {
  /** The topic, or the file. */
  readonly source: string
  readonly sampled: number
  /** How many values have each format. */
  readonly formats: Readonly<Partial<Record<Format, number>>>
  readonly conflicts: readonly string[]
  /** The proposed contract; undefined if nothing can be said. */
  readonly schema: AvroSchema | undefined
}

export interface CrawlResources {
  readonly codec: Codec
  readonly registryUrl: string
}

/** The most schemas of a sample that are fetched. */
const MAX_SCHEMAS = 10

/** Throws a UsageError for a file that cannot be read. */
export async function crawlFile(path: string, count: number): Promise<Crawled> {
  const { format, rows, faults } = await firstRows(path, count)
  const { schema, conflicts } = infer(rows, basename(path).replace(/\.[^.]*(\.(gz|zst))?$/, ''))
  const left = faults.length === 0 ? [] : [`${faults.length} rows cannot be read: ${faultText(faults)}.`]
  return {
    source: path,
    sampled: rows.length,
    formats: { [format === 'ndjson' ? 'json' : format]: rows.length },
    conflicts: [...conflicts, ...left],
    schema,
  }
}

/** Rejects with the codec's RegistryUnavailable if values are in Avro and the registry does not answer. */
export async function crawl(
  topic: string,
  values: readonly Buffer[],
  { codec, registryUrl }: CrawlResources,
): Promise<Crawled> {
  const formats: Partial<Record<Format, number>> = {}
  const objects: unknown[] = []
  const ids = new Set<number>()
  const decode = contractOf(topic) === undefined ? undefined : await valueDecoder(codec, topics, topic)
  for (const value of values) {
    const format = formatOf(value)
    formats[format] = (formats[format] ?? 0) + 1
    const found = format === 'avro' && decode ? (await decode(value)).value : objectIn(value, format)
    if (found !== undefined) objects.push(found)
    else if (format === 'avro') note(ids, value)
  }
  const inferred = infer(objects, topic)
  const conflicts = [...inferred.conflicts, ...mixed(formats)]
  const known = [...ids].slice(0, MAX_SCHEMAS)
  if (known.length > 0 && objects.length === 0) {
    const schemas = await Promise.all(known.map((id) => schemaOf(registryUrl, id)))
    const schema = schemas.find((one) => one !== undefined)
    if (known.length > 1)
      conflicts.push(`The values have ${ids.size} schemas; that with the id ${known[0]} is proposed.`)
    return { source: topic, sampled: values.length, formats, conflicts, schema }
  }
  const schema = objects.length === inferred.skipped ? undefined : inferred.schema
  return { source: topic, sampled: values.length, formats, conflicts, schema }
}

function note(ids: Set<number>, value: Buffer): void {
  if (value[0] === 0 && value.length >= 5) ids.add(value.readUInt32BE(1))
  const id = value[0] === 3 && value.length >= 18 ? glueSchemaId(value, 0) : undefined
  if (id !== undefined) ids.add(id)
}

async function schemaOf(registryUrl: string, id: number): Promise<AvroSchema | undefined> {
  const { schema, schemaType = 'AVRO' } = await askRegistry(registryUrl, `/schemas/ids/${id}`).catch(
    () => ({}),
  )
  return typeof schema === 'string' && schemaType === 'AVRO' ? (JSON.parse(schema) as AvroSchema) : undefined
}

function mixed(formats: Crawled['formats']): string[] {
  const found = Object.entries(formats)
  if (found.length < 2) return []
  return [
    `The values have several formats: ${found.map(([format, times]) => `${format} ${times}`).join(', ')}.`,
  ]
}
