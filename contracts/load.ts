/** Reads the files of contracts: schemas, samples and published versions. Each schema is read once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type AvroSchema, fromJson, parseSchema } from './avro.ts'
import type { ValueOf } from './generated/types.ts'
import type { Topic, TopicName, Topics, TopicTable } from './topics.ts'

const ROOT = fileURLToPath(new URL('../', import.meta.url))
const schemas = new Map<string, AvroSchema>()

/** Returns the schema of the topic's values, as in its .avsc file. */
export function schemaOf(topic: Topic): AvroSchema {
  return readContract(topic.value)
}

export function readContract(contract: URL): AvroSchema {
  const known = schemas.get(contract.href)
  if (known !== undefined) return known
  const schema = readJson(contract) as AvroSchema
  schemas.set(contract.href, schema)
  return schema
}

/** Returns a realistic value for the topic; a new object at every call. */
export function sampleOf<T extends TopicName>(topics: Topics, name: T): ValueOf[T] {
  const topic = topics[name]
  return fromJson(parseSchema(schemaOf(topic)), readSample(topic.value)) as ValueOf[T]
}

/** Returns the sample as JSON: bytes are strings of code points up to 255. */
export function readSample(contract: URL): unknown {
  return readJson(new URL(`${fileStem(contract)}.sample.json`, contract))
}

export interface PublishedVersion {
  readonly version: number
  readonly schema: AvroSchema
}

/**
 * Returns every version ever published, oldest first: topics and archives may contain data in any of them.
 */
export function publishedVersions(contract: URL): PublishedVersion[] {
  const folder = new URL('published/', contract)
  const prefix = `${fileStem(contract)}.v`
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && /^\d+\.avsc$/.test(name.slice(prefix.length)))
    .map((name) => ({
      version: parseInt(name.slice(prefix.length), 10),
      schema: readJson(new URL(name, folder)) as AvroSchema,
    }))
    .sort((a, b) => a.version - b.version)
}

/** Returns the file of a version, which need not exist. */
export function publishedFile(contract: URL, version: number): URL {
  return new URL(`published/${fileStem(contract)}.v${version}.avsc`, contract)
}

/** Returns every contract that any of the topics uses, each once. */
export function contractsOf(topics: TopicTable): URL[] {
  return [...new Map(Object.values(topics).map(({ value }) => [value.href, value])).values()]
}

/** The file's path in the repository, for messages. */
export const pathOf = (file: URL): string => relative(ROOT, fileURLToPath(file))

const fileStem = (contract: URL): string => basename(fileURLToPath(contract), '.avsc')

function readJson(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
