import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { parseSchema, type RecordNode } from '../avro.ts'
import { contracts } from '../load.ts'
import { topics } from '../topics.ts'
import { asyncApi } from './asyncapi.ts'
import { generatedFiles } from './files.ts'
import { isChanged } from './publish.ts'
import { typesModule } from './types.ts'

describe('what is generated is up to date', () => {
  test.each(Object.entries(generatedFiles()))('%s', (name, text) => {
    const committed = readFileSync(new URL(`../generated/${name}`, import.meta.url), 'utf8')
    expect(
      committed === text,
      `contracts/generated/${name} is stale; run \`npm run generate\` and commit the result`,
    ).toBe(true)
  })

  test('and there is nothing else', () => {
    expect(readdirSync(new URL('../generated/', import.meta.url)).sort()).toEqual(
      Object.keys(generatedFiles()).sort(),
    )
  })

  test.each(contracts())('%s is published', (contract) => {
    expect(
      isChanged(contract),
      `${contract} changed since its last published version; run \`npm run generate -- --publish\` and commit the result`,
    ).toBe(false)
  })
})

function recordOf(fields: readonly object[]): RecordNode {
  return parseSchema({ type: 'record', name: 'Thing', namespace: 'test', fields } as any) as RecordNode
}

describe('types', () => {
  test('every kind of field', () => {
    const text = typesModule([
      {
        topic: 'things',
        record: recordOf([
          { name: 'id', type: 'string', doc: 'Ends */ early.' },
          { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
          { name: 'raw', type: ['null', 'bytes'], default: null },
          { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
          { name: 'counts', type: { type: 'map', values: 'int' } },
          { name: 'size', type: ['int', 'double', 'null'] },
          { name: 'state', type: { type: 'enum', name: 'State', symbols: ['ON', 'OFF'] } },
        ]),
      },
    ])
    expect(text).toContain(
      [
        "export type State = 'ON' | 'OFF'",
        '',
        'export interface Thing {',
        '  /** Ends *\\/ early. */',
        '  id: string',
        '  at: number',
        '  raw: Buffer | null',
        '  tags: Array<string | null>',
        '  counts: Record<string, number>',
        "  size: { 'int': number } | { 'double': number } | null",
        '  state: State',
        '}',
      ].join('\n'),
    )
    expect(text).toContain("export interface ValueOf {\n  'things': Thing\n}")
  })

  test('one name for two shapes is refused', () => {
    const [one, other] = [recordOf([{ name: 'a', type: 'int' }]), recordOf([{ name: 'b', type: 'int' }])]
    expect(() =>
      typesModule([
        { topic: 'a', record: one },
        { topic: 'b', record: other },
      ]),
    ).toThrow('Two contracts define Thing differently; give one of them another name.')
  })
})

describe('the AsyncAPI document', () => {
  const document = asyncApi() as any

  test('has a channel with layout, schema and example for every topic', () => {
    expect(Object.keys(document.channels)).toEqual(Object.keys(topics))
    const taxi = document.channels['taxi.telemetry']
    expect(taxi.bindings.kafka).toMatchObject({
      partitions: 12,
      topicConfiguration: { 'cleanup.policy': ['delete'], 'retention.ms': 604_800_000 },
    })
    expect(taxi.messages.TaxiTelemetry.payload.schema.name).toBe('TaxiTelemetry')
    expect(taxi.messages.TaxiTelemetry.examples[0].payload.deviceId).toBe('taxi-0417')
    expect(taxi.messages.TaxiTelemetry.bindings.kafka.key.description).toBe("The value's deviceId.")
  })

  test('has an operation for every writer and reader, and each refers to a channel', () => {
    const expected = Object.values(topics).reduce(
      (sum, topic) => sum + topic.writers.length + topic.readers.length,
      0,
    )
    expect(Object.keys(document.operations)).toHaveLength(expected)
    for (const operation of Object.values<any>(document.operations))
      expect(document.channels).toHaveProperty([operation.channel.$ref.replace('#/channels/', '')])
    expect(document.operations['enricher.receive.taxi.telemetry']).toMatchObject({
      action: 'receive',
      tags: [{ name: 'enricher' }],
    })
  })
})
