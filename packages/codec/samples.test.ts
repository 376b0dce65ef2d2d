/** Every sample through every reader: the published versions and the current one read each other. */
import { sampleOf, schemaOf, type Topic, type TopicName } from '@weir/contracts'
import { type AvroNode, parseSchema } from '@weir/contracts/avro.ts'
import { publishedVersions } from '@weir/contracts/load.ts'
import { topics } from '@weir/solutions'
import { describe, expect, test } from 'vitest'
import { compileDecoder } from './avro/decode.ts'
import { compileEncoder } from './avro/encode.ts'

describe.each(Object.keys(topics) as TopicName[])('in %s', (name) => {
  const topic: Topic = topics[name]
  const current = parseSchema(schemaOf(topics[name]))
  const published = publishedVersions(topic.value).map(
    ({ version, schema }) => [`version ${version}`, parseSchema(schema)] as const,
  )
  const versions: readonly (readonly [string, AvroNode])[] = [...published, ['the current version', current]]

  test.each(versions)('the sample, written by the current version, is read by %s', (_, reader) => {
    expect(roundTrip(current, reader, sampleOf(topics, name))).toEqual(
      onlyFieldsOf(reader, sampleOf(topics, name)),
    )
  })

  test.each(versions)('the sample, written by %s, is read by the current version', (_, writer) => {
    expect(roundTrip(writer, current, onlyFieldsOf(writer, sampleOf(topics, name)))).toMatchObject(
      onlyFieldsOf(writer, sampleOf(topics, name)),
    )
  })
})

/** The samples' numbers are exact as 32-bit floats, so they come back as they were. */
function roundTrip(writer: AvroNode, reader: AvroNode, value: unknown): unknown {
  const bytes = Buffer.alloc(64 << 10)
  const end = compileEncoder(writer)(value, bytes, 0)
  return compileDecoder(writer, reader)(bytes, 0, end)
}

/** The value without the fields that the schema does not have, at any depth. */
function onlyFieldsOf(node: AvroNode, value: unknown): object {
  const within = (node: AvroNode, value: unknown): unknown => {
    if (node.kind === 'array') return (value as unknown[]).map((item) => within(node.items, item))
    if (node.kind !== 'record') return value
    const known = new Map(node.fields.map(({ name, type }) => [name, type]))
    return Object.fromEntries(
      Object.entries(value as object).flatMap(([name, field]) => {
        const type = known.get(name)
        return type === undefined ? [] : [[name, within(type, field)]]
      }),
    )
  }
  return within(node, value) as object
}
