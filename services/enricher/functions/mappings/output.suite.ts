import type { Codec } from '@weir/codec'
import { type Kafka, NO_HEADERS } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { beforeAll, describe, expect, test } from 'vitest'
import { functionOf, mappingOf } from '../testing/hosting.ts'
import type { MappingTests } from '../testing/mappings.ts'
import { openOutput } from './output.ts'

export function outputSuite({ opened, topic, readAll, host }: MappingTests): void {
  let kafka: Kafka
  let codec: Codec
  beforeAll(() => {
    ;({ kafka, codec } = opened())
  })

  test('records that do not fit their contract are given up singly, and their neighbours are delivered', async () => {
    const [output, failed] = [await topic(1, 'output'), await topic(1, 'failed')]
    const source = 'taxi.telemetry.late'
    const deviceId = uniqueName('taxi')
    const code = `
    const records = (event) => Object.values(event.records).flat().map((r) => JSON.parse(Buffer.from(r.value, 'base64').toString()))
    export const handler = async (event) => ({ records: records(event).map((value) => ({ value })) })`
    await host({
      definitions: [functionOf('decoded', code)],
      mappings: [
        mappingOf(
          deviceId,
          'decoded',
          { kind: 'kafka', topic: source },
          { maxRetries: 0 },
          { output, onFailure: `kafka://${failed}`, decode: true, start: 'LATEST' },
        ),
      ],
    })
    const writer = await codec.writer(source)
    const value = (speed: number): Buffer => {
      const bytes = Buffer.alloc(1024)
      return bytes.subarray(
        0,
        writer.encode(
          {
            deviceId,
            tripId: null,
            position: { lat: 1, lon: 2 },
            speed,
            heading: null,
            fuel: null,
            charge: null,
            engineTemperature: null,
            occupied: false,
            eventTime: Date.now(),
          } as never,
          bytes,
          0,
        ),
      )
    }
    const unknown = Buffer.concat([Buffer.from([0, 0x7f, 0xff, 0xff, 0xf0]), Buffer.from('x')])
    const values = [value(1), Buffer.from('{"no":"avro"}'), Buffer.from('plain'), value(2), unknown, value(3)]
    const producer = await kafka.producer()
    const delivery = producer.delivery()
    const key = Buffer.from(deviceId)
    for (const bytes of values)
      delivery.append(source, 0, key, 0, key.length, bytes, 0, bytes.length, NO_HEADERS, 0, NO_HEADERS.length)
    expect(await delivery.settled()).toEqual([])
    await producer.stop()
    await expect
      .poll(
        async () =>
          (await readAll(output))
            .map((read) => JSON.parse(read.value))
            .filter((read) => read.deviceId === deviceId)
            .map(({ speed }) => speed),
        { timeout: 20_000 },
      )
      .toEqual([1, 2, 3])
    const named = (await readAll(failed)).map((read) => ({
      ...JSON.parse(read.value),
      error: read.headers['weir-error'],
    }))
    expect(
      named.map(
        ({
          requestContext: { condition, approximateInvokeCount },
          responseContext,
          KafkaBatchInfo: { batchSize },
          error,
        }) => [condition, approximateInvokeCount, responseContext, batchSize, error],
      ),
    ).toEqual([
      ['DESERIALIZATION_ERROR', 0, undefined, 2, expect.any(String)],
      ['SCHEMA_NOT_FOUND', 0, undefined, 1, expect.any(String)],
    ])
  })

  describe('an output', () => {
    const OFFER = { userId: 'u', value: 1 }
    test.each<[what: string, response: unknown, text: string]>([
      ['records that are not a list', { records: 5 }, 'no list'],
      ['a record that is not an object', { records: [5] }, 'without a value'],
      ['a record without a value', { records: [{ key: 'k' }] }, 'without a value'],
      ['a key that is not a string', { records: [{ key: 1, value: 1 }] }, 'key is no text'],
      ['headers in a list', { records: [{ value: 1, headers: ['a'] }] }, 'headers are no texts'],
      [
        'a header that is not a string',
        { records: [{ value: 1, headers: { a: 1 } }] },
        'headers are no texts',
      ],
      ['an unknown encoding', { records: [{ value: 'x', encoding: 'hex' }] }, 'base64'],
      ['a value of 3 MB', { records: [{ value: 'x'.repeat(3_000_000) }] }, 'takes 1047503'],
      ['a large key', { records: [{ key: 'x'.repeat(1_100_000), value: 1 }] }, 'takes 1047503'],
      ['large headers', { records: [{ value: 1, headers: { a: 'x'.repeat(1_100_000) } }] }, 'takes 1047503'],
      [
        'a value that nests too deep',
        { records: [{ value: JSON.parse(`${'['.repeat(100_000)}${']'.repeat(100_000)}`) }] },
        'call stack',
      ],
    ])('refuses %s', async (_, response, text) => {
      const { encode } = await openOutput(await topic(1, 'output'), kafka, codec)
      expect(() => encode(response)).toThrow(text)
      expect(encode({ records: [{ value: 'x' }] }).records).toEqual([
        { key: null, value: Buffer.from('x'), headers: NO_HEADERS },
      ])
    })

    test('refuses values that its contract does not allow, and a topic with too small a record limit', async () => {
      const offers = await openOutput('location.offers', kafka, codec)
      for (const value of [{ nonsense: true }, OFFER, 5, 'text', [], { userId: 1 }])
        expect(() => offers.encode({ records: [{ value }] })).toThrow()
      expect(() => offers.encode({ records: [{ value: null }] })).toThrow('without a key')
      expect(offers.encode({ records: [{ value: null, key: 'u' }] }).records).toMatchObject([{ value: null }])
      const compacted = await openOutput(
        await topic(1, 'output', { 'cleanup.policy': 'compact' }),
        kafka,
        codec,
      )
      expect(() => compacted.encode({ records: [{ value: 1 }] })).toThrow('without a key')
      await expect(
        openOutput(await topic(1, 'output', { 'max.message.bytes': '20000' }), kafka, codec),
      ).rejects.toThrow('max.message.bytes')
    })
  })
}
