import { randomUUID } from 'node:crypto'
import { drop, flow, type Source, step } from '@weir/flow'
import { headerOf, openKafka, partitionFor } from '@weir/kafka'
import { storeUnreadable } from '@weir/kafka/conformance/unreadable.ts'
import type { FlowDefinition } from '@weir/solutions'
import { addState, addZone } from '@weir/solutions/taxi-telemetry/flow.ts'
import type { TaxiTelemetry } from '@weir/solutions/taxi-telemetry/generated/types.ts'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { openFlows } from './flows/flows.ts'
import './reference/reference.suite.ts'
import { newRowViews } from './rows.ts'
import { byId, log, openEnricherTests, soon } from './testing/enricher.ts'

const { kafka, config, codec, reference, state, enriched, dead, late, send, encode } =
  await openEnricherTests()

/**
 * A name with half a character never gets into the reference table, but flows of other solutions may create
 * one.
 */
const square = [
  [30, 30],
  [30.01, 30],
  [30.01, 30.01],
  [30, 30.01],
]
const halfCharacter = { version: 1, entries: new Map([['broken', { name: '\ud800', polygon: square }]]) }

describe('the enricher', () => {
  test('enriches every record exactly once, under its key, in order, with its headers', async () => {
    const records = await Promise.all(
      Array.from({ length: 2000 }, async (_, i) => ({
        id: `order-${i}`,
        key: `taxi-${i % 7}`,
        bytes: await encode({ deviceId: `taxi-${i % 7}`, tripId: String(i) }),
      })),
    )
    for (let i = 0; i < records.length; i += 100) await send(records.slice(i, i + 100))
    const ours = () => enriched().filter(({ id }) => id.startsWith('order-'))
    await vi.waitFor(() => expect(ours().length).toBe(2000), { timeout: 60_000 })
    expect(new Set(ours().map(({ id }) => id)).size).toBe(2000)
    for (let key = 0; key < 7; key++) {
      const trips = ours()
        .filter((record) => record.key === `taxi-${key}`)
        .map(({ value }) => Number(value.tripId))
      expect(trips).toEqual(trips.toSorted((a, b) => a - b))
    }
    expect(ours()[0].value).toMatchObject({ state: 'OCCUPIED', arrivalTime: expect.any(Number) })
  }, 120_000)

  test('makes dead letters of undecodable and impossible records, and enriches their neighbours', async () => {
    const good = await encode({ deviceId: 'taxi-x' })
    const unknownSchema = Buffer.from(good)
    unknownSchema.writeInt32BE(999_999, 1)
    await send([
      { id: 'dead-garbage', key: 'taxi-x', bytes: Buffer.from('no Avro at all') },
      { id: 'dead-schema', key: 'taxi-x', bytes: unknownSchema },
      { id: 'good-between', key: 'taxi-x', bytes: good },
      { id: 'dead-truncated', key: 'taxi-x', bytes: good.subarray(0, good.length - 3) },
      { id: 'dead-tombstone', key: 'taxi-x', bytes: null },
      {
        id: 'dead-position',
        key: 'taxi-x',
        bytes: await encode({ deviceId: 'taxi-x', position: { lat: 123, lon: 0 } }),
      },
      { id: 'good-after', key: 'taxi-x', bytes: good },
    ])
    await vi.waitFor(() => expect(byId(enriched(), 'good-after').length).toBe(1), { timeout: 60_000 })
    await vi.waitFor(() => expect(dead().length).toBe(5), { timeout: 60_000 })
    expect(byId(enriched(), 'good-between').length).toBe(1)
    const causes = Object.fromEntries(dead().map(({ id, value }) => [id, `${value.step} ${value.code}`]))
    expect(causes).toEqual({
      'dead-garbage': 'decode undecodable',
      'dead-schema': 'decode unknown-schema',
      'dead-truncated': 'decode undecodable',
      'dead-tombstone': 'decode undecodable',
      'dead-position': 'refuse-impossible invalid',
    })
    expect(byId(dead(), 'dead-garbage')[0].value).toMatchObject({
      flow: 'enricher.taxi',
      topic: 'taxi.telemetry',
      value: Buffer.from('no Avro at all'),
      key: Buffer.from('taxi-x'),
      offset: expect.any(Number),
    })
  }, 120_000)

  test('sends late records unchanged to the topic of late records', async () => {
    const eventTime = Date.now() - 2 * 86_400_000
    await send([{ id: 'late-1', key: 'taxi-l', bytes: await encode({ deviceId: 'taxi-l', eventTime }) }])
    await vi.waitFor(() => expect(byId(late(), 'late-1').length).toBe(1), { timeout: 60_000 })
    expect(byId(late(), 'late-1')[0].value).toMatchObject({ deviceId: 'taxi-l', eventTime })
    expect(byId(enriched(), 'late-1')).toEqual([])
  }, 120_000)

  test('makes a dead letter of a value that the output contract refuses, and publishes its neighbours', async () => {
    const breaking: FlowDefinition = {
      ...taxiTelemetry.flows[0],
      name: `breaking-${randomUUID()}`,
      build: ({ decode }) =>
        flow<number, Source>()
          .step(
            step('only-mine', (index: number, place: number, batch: Source) => {
              const report = decode(index, place, batch)
              return report.deviceId === 'taxi-b' ? (report as TaxiTelemetry) : drop('others')
            }),
          )
          .step(addZone(halfCharacter))
          .step(addState)
          .publish('taxi.enriched'),
    }
    const { stop } = await openFlows([breaking], {
      kafka,
      codec,
      table: reference.table,
      rows: newRowViews({ kafka, codec, log }).value,
      state,
      log,
    })
    onTestFinished(() => stop(5000))
    const [inside, outside] = [`broken-${randomUUID()}`, `whole-${randomUUID()}`]
    const at = (lat: number, lon: number) => encode({ deviceId: 'taxi-b', position: { lat, lon } })
    await send([
      { id: inside, key: 'taxi-b', bytes: await at(30.005, 30.005) },
      { id: outside, key: 'taxi-b', bytes: await at(40, 40) },
    ])
    const causes = () => byId(dead(), inside).map(({ value }) => [value.step, value.code])
    await vi.waitFor(() => expect(causes()).toEqual([['publish', 'invalid']]), { timeout: 60_000 })
    // Both flows have published it.
    const counts = () => [byId(enriched(), inside).length, byId(enriched(), outside).length]
    await vi.waitFor(() => expect(counts()).toEqual([1, 2]), soon)
  }, 120_000)

  test('makes a truncated dead letter of a record that is too large for the topic when inflated', async () => {
    const good = await encode({ deviceId: 'taxi-large' })
    const squeezing = await openKafka({ ...config, compression: 'zstd' })
    onTestFinished(() => squeezing.stop())
    const squeezed = await squeezing.value.producer()
    await send(
      [
        { id: 'large-before', key: 'taxi-large', bytes: good },
        {
          id: 'large',
          key: 'taxi-large',
          bytes: await encode({ deviceId: 'taxi-large', tripId: 'x'.repeat(3 << 20) }, 10 << 20),
        },
        { id: 'large-garbage', key: 'taxi-large', bytes: Buffer.alloc(3 << 20, 'no Avro') },
        { id: 'large-after', key: 'taxi-large', bytes: good },
      ],
      squeezed,
    )
    await vi.waitFor(() => expect(byId(enriched(), 'large-after').length).toBe(1), { timeout: 60_000 })
    const letters = () =>
      dead()
        .filter(({ id }) => id?.startsWith('large'))
        .map(({ id, value }) => [id, value.step, value.code, value.truncated, value.value.length])
    await vi.waitFor(
      () =>
        expect(letters()).toEqual(
          expect.arrayContaining([
            ['large', 'publish', 'too-large', true, 16 << 10],
            ['large-garbage', 'decode', 'undecodable', true, 16 << 10],
          ]),
        ),
      { timeout: 20_000 },
    )
    expect(byId(enriched(), 'large-before').length).toBe(1)
  }, 120_000)

  test('makes a dead letter with the offsets of an unreadable record batch, and enriches its neighbours', async () => {
    const good = await encode({ deviceId: 'taxi-rotten' })
    const key = Buffer.from('taxi-rotten')
    const partition = partitionFor(key, 0, key.length, await kafka.partitions('taxi.telemetry'))
    await send([{ id: 'rotten-before', key: 'taxi-rotten', bytes: good }])
    const offset = await storeUnreadable(config.brokers, 'taxi.telemetry', partition, 4)
    await send([{ id: 'rotten-after', key: 'taxi-rotten', bytes: good }])
    await vi.waitFor(() => expect(byId(enriched(), 'rotten-after').length).toBe(1), { timeout: 30_000 })
    expect(byId(enriched(), 'rotten-before').length).toBe(1)
    const letters = async () => {
      const reader = await codec.reader('taxi.telemetry.dead')
      const found: unknown[] = []
      await (
        await kafka.read(
          { topics: ['taxi.telemetry.dead'], from: 'earliest', until: 'end' },
          async (batch) => {
            await reader.prepare(batch)
            for (let i = 0; i < batch.length; i++) {
              if (headerOf(batch, i, 'weir-dead-code')?.toString() !== 'unreadable') continue
              found.push(reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i]))
            }
          },
        )
      ).done
      return found
    }
    await vi.waitFor(
      async () =>
        expect(await letters()).toContainEqual(
          expect.objectContaining({
            flow: 'enricher.taxi',
            step: 'read',
            topic: 'taxi.telemetry',
            partition,
            offset,
            lastOffset: offset + 3,
            key: null,
            value: null,
            truncated: true,
            message: expect.stringContaining(
              `${offset} to ${offset + 3} cannot be read: it breaks the record format`,
            ),
          }),
        ),
      { timeout: 20_000 },
    )
  }, 120_000)
})
