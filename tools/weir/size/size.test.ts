import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { encodeHeaders } from '@weir/kafka'
import { BatchWriter } from '@weir/kafka/records/batch-writer.ts'
import { expect, test } from 'vitest'
import { RATES } from './rates.ts'
import { RECORD_OVERHEAD, sizeFor } from './size.ts'

const LOAD = { eventsPerHour: 500e6, bytes: 200, peak: 3, retentionHours: 168 }

test('the rates are those of docs/benchmarks.md', () => {
  const page = readFileSync(new URL('../../../docs/benchmarks.md', import.meta.url), 'utf8')
  for (const [name, row] of [
    ['hub', 'Weir ingest-hub'],
    ['enricher', 'Weir enricher, exactly once'],
    ['indexer', 'Weir indexer, each record once by its id'],
  ] as const) {
    expect(page, row).toContain(`| ${row} | ${RATES[name].toLocaleString('en')} |`)
  }
  for (const [rate, row] of [
    [RATES.broker, 'Weir ingest-hub'],
    [RATES.enricherWhole, 'Weir enricher'],
    [RATES.search, 'Weir indexer'],
  ] as const) {
    expect(page).toMatch(new RegExp(`\\| ${row}[^\\n]*\\| ${rate.toLocaleString('en')} \\|`))
  }
})

test('the overhead of a record is close to the assumed one', () => {
  const writer = new BatchWriter()
  const [key, value] = [Buffer.from('vehicle-123456'), Buffer.alloc(200)]
  for (let i = 0; i < 500; i++) {
    const headers = encodeHeaders({ 'weir-id': randomUUID(), 'weir-source': 'fleet-gateway' })
    writer.append(key, 0, key.length, value, 0, value.length, headers, 0, headers.length)
  }
  const overhead = writer.size / 500 - value.length
  expect(overhead).toBeLessThanOrEqual(RECORD_OVERHEAD)
  expect(overhead).toBeGreaterThan(RECORD_OVERHEAD * 0.8)
})

test('a load of 500 million events an hour, three times as many at the peak, needs 18 brokers', () => {
  const { assumptions, ...size } = sizeFor(LOAD)
  expect(size).toMatchObject({
    brokers: 18,
    partitions: 24,
    partitionsPerBroker: 8,
    replicas: { 'ingest-hub': 3, enricher: 2, indexer: 3 },
    searchCores: 18,
  })
  expect(size.storage.atRetention / 1e12).toBeCloseTo(151.2, 1)
  expect(assumptions).toHaveLength(7)
})

test('a small load still has three zones, and long retention may need more brokers than the writes', () => {
  expect(sizeFor({ ...LOAD, eventsPerHour: 3600 })).toMatchObject({
    brokers: 3,
    partitions: 12,
    replicas: { 'ingest-hub': 2, enricher: 2, indexer: 2 },
  })
  expect(sizeFor({ ...LOAD, retentionHours: 8760 }).brokers).toBeGreaterThan(600)
  expect(sizeFor({ ...LOAD, bytes: 2000 }).brokers).toBeGreaterThan(150)
})
