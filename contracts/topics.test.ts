import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { parseSchema, type RecordNode } from './avro.ts'
import { schemaOf } from './load.ts'
import { type Topic, type TopicName, topics } from './topics.ts'

const NAMES = Object.keys(topics) as TopicName[]

describe.each(NAMES)('%s', (name) => {
  const topic: Topic = topics[name]
  const current = parseSchema(schemaOf(name)) as RecordNode

  test('its schema is valid Avro, documented field by field', () => {
    avro.Type.forSchema(schemaOf(name) as any)
    expect(current.doc).toBeTruthy()
    expect(current.fields.filter((field) => !field.doc).map((field) => field.name)).toEqual([])
  })

  test('its key is a required text field', () => {
    if (topic.key !== null)
      expect(current.fields.find((field) => field.name === topic.key)).toMatchObject({
        type: { kind: 'string' },
        default: undefined,
      })
  })

  test('somebody writes it', () => expect(topic.writers.length).toBeGreaterThan(0))
})
