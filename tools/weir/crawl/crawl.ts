/** What a sample of a topic says about its values. */
import { infer } from '@weir/catalogue/infer.ts'
import { type Codec, valueDecoder } from '@weir/codec'
import { glueSchemaId } from '@weir/codec/glue-frame.ts'
import { askRegistry } from '@weir/codec/registry-requests.ts'
import type { AvroSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import { contractOf } from '../kafka.ts'
import { type Format, formatOf, objectIn } from './sample.ts'

export interface Crawled {
  readonly topic: string
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
    return { topic, sampled: values.length, formats, conflicts, schema }
  }
  const schema = objects.length === inferred.skipped ? undefined : inferred.schema
  return { topic, sampled: values.length, formats, conflicts, schema }
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
