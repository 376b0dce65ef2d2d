import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { asyncApi } from '@weir/contracts/generate/asyncapi.ts'
import { topics } from '@weir/solutions'
import { describe, expect, test } from 'vitest'
import { generatedFiles } from './files.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('the generated files', () => {
  test.each(Object.entries(generatedFiles()))('include %s, which is up to date', (path, text) => {
    expect(
      readFileSync(join(ROOT, path), 'utf8') === text,
      `${path} is stale; run \`npm run generate\` and commit the result`,
    ).toBe(true)
  })

  test('include no others', () => {
    expect(globSync('{contracts,solutions}/**/generated/*', { cwd: ROOT }).sort()).toEqual(
      Object.keys(generatedFiles()).sort(),
    )
  })
})

describe('the AsyncAPI document', () => {
  const document = asyncApi(topics) as any

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
