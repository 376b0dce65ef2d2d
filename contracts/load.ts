/** Reads the contracts' files. Each schema is read once. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { type AvroSchema, fromJson, parseSchema } from './avro.ts'
import type { ValueOf } from './generated/types.ts'
import { type TopicName, topics } from './topics.ts'

const FOLDER = new URL('./', import.meta.url)
const schemas = new Map<string, AvroSchema>()

/** Returns the schema of the topic's values, as in its .avsc file. */
export function schemaOf(topic: TopicName): AvroSchema {
  return readContract(topics[topic].value)
}

/** Returns the contract with this path, without extension, as `value` in the topics table has it. */
export function readContract(contract: string): AvroSchema {
  let schema = schemas.get(contract)
  if (schema === undefined) schemas.set(contract, (schema = readJson(`${contract}.avsc`) as AvroSchema))
  return schema
}

/** Returns a realistic value for the topic; a new object at every call. */
export function sampleOf<T extends TopicName>(topic: T): ValueOf[T] {
  return fromJson(parseSchema(schemaOf(topic)), readSample(topics[topic].value)) as ValueOf[T]
}

/** Returns the sample as JSON: bytes are strings of code points up to 255. */
export function readSample(contract: string): unknown {
  return readJson(`${contract}.sample.json`)
}

export interface PublishedVersion {
  readonly version: number
  readonly schema: AvroSchema
}

/**
 * Returns every version ever published, oldest first: topics and archives may contain data in any of them.
 */
export function publishedVersions(contract: string): PublishedVersion[] {
  const folder = publishedFolder(contract)
  const prefix = `${basename(contract)}.v`
  return (existsSync(folder) ? readdirSync(folder) : [])
    .filter((name) => name.startsWith(prefix) && /^\d+\.avsc$/.test(name.slice(prefix.length)))
    .map((name) => ({
      version: parseInt(name.slice(prefix.length), 10),
      schema: readJson(`${dirname(contract)}/published/${name}`) as AvroSchema,
    }))
    .sort((a, b) => a.version - b.version)
}

export function publishedFolder(contract: string): URL {
  return new URL(`${dirname(contract)}/published/`, FOLDER)
}

/** Returns every contract that a topic uses, each once. */
export function contracts(): string[] {
  return [...new Set(Object.values(topics).map((topic) => topic.value))]
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(path, FOLDER), 'utf8'))
}
