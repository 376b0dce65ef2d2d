import { gatherTopics } from '@weir/contracts'
import { parseSchema, type RecordNode } from '@weir/contracts/avro.ts'
import { incompatibilities } from '@weir/contracts/compatibility.ts'
import { isChanged } from '@weir/contracts/generate/publish.ts'
import { contractsOf, pathOf, publishedVersions, schemaOf } from '@weir/contracts/load.ts'
import { topicFamilies } from '@weir/contracts/topics.ts'
import avro from 'avsc'
import { describe, expect, test } from 'vitest'
import { solutions, topics } from './index.ts'

/** The topic whose partitions are only divided among the replicas. */
const WITHOUT_RECORDS = 'weir.devices.bridge'

describe.each(Object.entries(topics))('the topic %s', (name, topic) => {
  const current = parseSchema(schemaOf(topic)) as RecordNode

  test('has a schema that is valid Avro, documented field by field', () => {
    avro.Type.forSchema(schemaOf(topic) as any)
    expect(current.doc).toBeTruthy()
    expect(current.fields.filter((field) => !field.doc).map((field) => field.name)).toEqual([])
  })

  test('has a required text field as key', () => {
    if (topic.key !== null)
      expect(current.fields.find((field) => field.name === topic.key)).toMatchObject({
        type: { kind: 'string' },
        default: undefined,
      })
  })

  test('has a writer', () => expect(topic.writers.length > 0).toBe(name !== WITHOUT_RECORDS))

  test('has a name that no family of topics made at run time uses', () => {
    expect(Object.keys(topicFamilies).filter((prefix) => name.startsWith(prefix))).toEqual([])
  })
})

describe.each(contractsOf(topics).map((contract) => [pathOf(contract), contract] as const))(
  'the contract %s',
  (path, contract) => {
    test('is compatible with every published version', () => {
      expect(
        publishedVersions(contract).length,
        `publish the first version of ${path} with \`npm run generate -- --publish\``,
      ).toBeGreaterThan(0)
      expect(incompatibilities(contract)).toEqual([])
    })

    test('is published', () => {
      expect(
        isChanged(contract),
        `${path} changed since its last published version; run \`npm run generate -- --publish\` and commit the result`,
      ).toBe(false)
    })
  },
)

test('two tables cannot have the same topic', () => {
  const [{ topics: own = {} }] = solutions
  const [name] = Object.keys(own)
  expect(() => gatherTopics([own, own], new Set())).toThrow(
    `Two tables declare the topic ${name}; give one of them another name.`,
  )
  expect(() => gatherTopics([{ 'weir.stats': own[name] }], new Set())).toThrow('weir.stats')
})
