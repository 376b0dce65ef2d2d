/** The fields that a topic's contract asks of a value: its leaves, in the order of the schema. */
import type { Topic, TopicName } from '@weir/contracts'
import { schemaOf } from '@weir/contracts/load.ts'
import { topics } from '@weir/solutions'
import { UsageError } from '../command.ts'
import { hint } from '../nearest.ts'

export type LeafType = 'text' | 'integer' | 'number' | 'boolean' | 'time' | 'json'

/** One primitive field of the value. `name` is its dotted path: position.lat. */
export interface Leaf {
  readonly name: string
  readonly path: readonly string[]
  readonly type: LeafType
  readonly nullable: boolean
  readonly optional: boolean
  readonly doc: string | undefined
}

export interface TopicContract {
  readonly topic: string
  /** The leaf that is the record's key; undefined if the writer does not set one. */
  readonly key: string | undefined
  /** The first timestamp of the schema, by which replays are paced. */
  readonly time: string | undefined
  readonly leaves: readonly Leaf[]
}

export function topicContract(name: string): TopicContract {
  const topic: Topic | undefined = Object.hasOwn(topics, name) ? topics[name as TopicName] : undefined
  if (!topic)
    throw new UsageError(`There is no topic ${name} in the contracts.${hint(name, Object.keys(topics))}`)
  const leaves = leavesOfTopic(topic)
  return {
    topic: name,
    key: topic.key ?? undefined,
    time: leaves.find((leaf) => leaf.type === 'time')?.name,
    leaves,
  }
}

export const leavesOfTopic = (topic: Topic): Leaf[] =>
  leavesOf(schemaOf(topic) as Schema, [], false, undefined)

type Schema = string | { type: Schema; logicalType?: string; fields?: Field[] } | Schema[]
interface Field {
  name: string
  type: Schema
  default?: unknown
  doc?: string
}

function leavesOf(schema: Schema, path: string[], optional: boolean, doc: string | undefined): Leaf[] {
  const nullable = Array.isArray(schema) && schema.includes('null')
  const one = Array.isArray(schema) ? (schema.find((branch) => branch !== 'null') ?? 'null') : schema
  if (typeof one === 'object' && !Array.isArray(one)) {
    if (one.fields)
      return one.fields.flatMap((field) =>
        leavesOf(field.type, [...path, field.name], optional || field.default !== undefined, field.doc),
      )
    if (one.logicalType !== 'timestamp-millis' && typeof one.type === 'object')
      return leavesOf(one.type, path, optional, doc)
  }
  return [{ name: path.join('.'), path, type: leafType(one), nullable, optional, doc }]
}

const LEAF_TYPES: Readonly<Record<string, LeafType>> = {
  string: 'text',
  enum: 'text',
  int: 'integer',
  long: 'integer',
  float: 'number',
  double: 'number',
  boolean: 'boolean',
}

function leafType(schema: Schema): LeafType {
  if (typeof schema === 'string') return LEAF_TYPES[schema] ?? 'json'
  if (Array.isArray(schema)) return 'json'
  if (schema.logicalType === 'timestamp-millis') return 'time'
  return typeof schema.type === 'string' ? (LEAF_TYPES[schema.type] ?? 'json') : 'json'
}
