/** Reads the contracts' files. Each schema is read once. */
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
  let schema = schemas.get(contract.href)
  if (schema === undefined) schemas.set(contract.href, (schema = readJson(contract) as AvroSchema))
  return schema
}

/** Returns a realistic value for the topic; a new object at every call. */
export function sampleOf<T extends TopicName>(topics: Topics, name: T): ValueOf[T] {
  const topic = topics[name]
  return fromJson(parseSchema(schemaOf(topic)), readSample(topic.value)) as ValueOf[T]
}

/** Returns the sample as JSON: bytes are strings of code points up to 255. */
export function readSample(contract: URL): unknown {
  return readJson(new URL(`${recordName(contract)}.sample.json`, contract))
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
  const prefix = `${recordName(contract)}.v`
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && /^\d+\.avsc$/.test(name.slice(prefix.length)))
    .map((name) => ({
      version: parseInt(name.slice(prefix.length), 10),
      schema: readJson(new URL(name, folder)) as AvroSchema,
    }))
    .sort((a, b) => a.version - b.version)
}

/** The file of a version, whether it is there or not. */
export function publishedFile(contract: URL, version: number): URL {
  return new URL(`published/${recordName(contract)}.v${version}.avsc`, contract)
}

/** Returns every contract that a topic uses, each once. */
export function contractsOf(topics: TopicTable): URL[] {
  return [...new Map(Object.values(topics).map(({ value }) => [value.href, value])).values()]
}

/** The file's path in the repository, for messages. */
export const pathOf = (file: URL): string => relative(ROOT, fileURLToPath(file))

const recordName = (contract: URL): string => basename(fileURLToPath(contract), '.avsc')

function readJson(file: URL): unknown {
  return JSON.parse(readFileSync(file, 'utf8'))
}
