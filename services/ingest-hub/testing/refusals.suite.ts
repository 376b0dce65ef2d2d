/** The hub refuses records among good ones, and whole requests. hub.it.test.ts runs it on its hub. */
import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { uniqueName } from '@weir/testkit'
import { describe, expect, test } from 'vitest'
import { batch, type Hub, post, report, type StoredRecord, TOPIC } from './hub.ts'

const from = (source: string) => ({ 'weir-source': source })

/** Where the suites send records, and how they read back those from a source. */
export interface Target {
  hub(): Hub
  stored(source: string): Promise<StoredRecord[]>
}

export function wrongRecords({ hub, stored }: Target): void {
  describe('wrong records', () => {
    const good = { id: 'good', value: report() }
    const wrong: [string, unknown, object][] = [
      ['a record that is not an object', 7, { code: 'not-an-object' }],
      ['null', null, { code: 'not-an-object' }],
      [
        'a field beside the value',
        { value: report(), topic: 'x' },
        { code: 'unknown-field', field: 'topic' },
      ],
      ['an id with a space', { id: 'a b', value: report() }, { code: 'invalid-id', field: 'id' }],
      ['too long an id', { id: 'x'.repeat(129), value: report() }, { code: 'invalid-id', field: 'id' }],
      ['an empty id', { id: '', value: report() }, { code: 'invalid-id', field: 'id' }],
      ['a record without a value', { id: 'a' }, { id: 'a', code: 'invalid-value', field: 'value' }],
      ['a list as value', { value: [] }, { code: 'invalid-value', field: 'value' }],
      [
        'a missing field',
        { value: { ...report(), deviceId: undefined } },
        { code: 'invalid-value', field: 'deviceId' },
      ],
      ['a wrong type', { value: { ...report(), speed: 'fast' } }, { code: 'invalid-value', field: 'speed' }],
      [
        'a wrong type within',
        { value: { ...report(), position: { lat: 1, lon: null } } },
        { code: 'invalid-value', field: 'position.lon' },
      ],
      [
        'an unknown field',
        { value: { ...report(), colour: 'red' } },
        { code: 'invalid-value', field: 'colour' },
      ],
      [
        'an event time ahead',
        { value: report({ eventTime: Date.now() + 60 * 60_000 }) },
        { code: 'event-time-ahead', field: 'eventTime' },
      ],
      [
        'a key too long',
        { value: report({ deviceId: 'x'.repeat(5000) }) },
        { code: 'too-large', field: 'deviceId' },
      ],
      [
        'a value too large',
        { value: report({ tripId: 'x'.repeat(2 << 20) }) },
        { code: 'too-large', field: 'value' },
      ],
      [
        'a broken character',
        { value: report({ tripId: '\ud800' }) },
        { code: 'invalid-value', field: 'tripId' },
      ],
    ]

    test.each(wrong)('are reported, and their neighbours are stored: %s', async (_, record, error) => {
      const source = uniqueName('wrong')
      const { status, body } = await post(hub(), batch([good, record, good]), from(source))
      expect(status).toBe(207)
      expect(body).toMatchObject({
        stored: 2,
        failed: 1,
        errors: [{ index: 1, retriable: false, message: expect.any(String), ...error }],
      })
      expect(await stored(source)).toHaveLength(2)
    })

    test('do not include a value of just under a megabyte, which is stored', async () => {
      const source = uniqueName('large')
      const tripId = 'x'.repeat((1 << 20) - 200)
      expect((await post(hub(), batch([{ value: report({ tripId }) }]), from(source))).status).toBe(200)
      expect((await stored(source))[0].value.tripId).toBe(tripId)
    })

    test('are reported in a stream of lines, and the lines between them are stored', async () => {
      const source = uniqueName('lines')
      const line = JSON.stringify(good)
      const lines = [
        line,
        '{"value":',
        line,
        Buffer.from([0x22, 0xff, 0x22]),
        line,
        '['.repeat(40),
        line,
        'x'.repeat(1_100_000),
        line,
        '7',
        line,
      ]
      const { status, body } = await post(
        hub(),
        Buffer.concat(lines.flatMap((one) => [Buffer.from(one as string), Buffer.from('\n')])),
        { ...from(source), 'content-type': 'application/x-ndjson' },
      )
      expect([status, body.stored, body.failed]).toEqual([207, 6, 5])
      expect(body.errors.map(({ index, code }: { index: number; code: string }) => [index, code])).toEqual([
        [1, 'not-json'],
        [3, 'not-json'],
        [5, 'too-deep'],
        [7, 'too-large'],
        [9, 'not-an-object'],
      ])
      expect(await stored(source)).toHaveLength(6)
    })

    test('include the unsent rest of a stream that breaks off, whose first part is stored', async () => {
      const source = uniqueName('broken')
      const packed = gzipSync(
        Array.from({ length: 5000 }, () =>
          JSON.stringify({ value: report({ tripId: uniqueName('trip') }) }),
        ).join('\n'),
      )
      const { status, body } = await post(hub(), packed.subarray(0, packed.length / 2), {
        ...from(source),
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
      })
      expect(status).toBe(207)
      expect(body.stored).toBeGreaterThan(1000)
      expect(body.errors).toEqual([
        { index: body.stored, code: 'not-sent', message: expect.any(String), retriable: false, toEnd: true },
      ])
      expect(await stored(source)).toHaveLength(body.stored)
    })
  })
}

export function wrongRequests({ hub, stored }: Target): void {
  describe('a wrong request', () => {
    const bomb = gzipSync(Buffer.alloc(256 << 20))
    test.each<[string, string | Uint8Array, Record<string, string>, number, string]>([
      ['an empty body', '', {}, 400, 'empty-body'],
      ['an empty body of NDJSON', '\n \n', { 'content-type': 'application/x-ndjson' }, 400, 'empty-body'],
      ['a truncated body', batch([{ value: report() }]).slice(0, -3), {}, 400, 'not-json'],
      ['too deep nesting', `{"records":[{"value":${'[['.repeat(100_000)}`, {}, 400, 'too-deep'],
      ['a body that is not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400, 'invalid-utf8'],
      ['a body that is not gzip', '{}', { 'content-encoding': 'gzip' }, 400, 'bad-encoding'],
      ['too long a body', Buffer.alloc((10 << 20) + 1, 0x20), {}, 413, 'too-large'],
      ['a gzip bomb', bomb, { 'content-encoding': 'gzip' }, 413, 'too-large'],
      ['too many records', batch(Array(10_001).fill(0)), {}, 413, 'too-many-records'],
      ['an unknown type', 'a,b', { 'content-type': 'text/csv' }, 415, 'unsupported-media-type'],
      ['an unknown encoding', '{}', { 'content-encoding': 'br' }, 415, 'unsupported-encoding'],
      ['a source with a space', '{}', { 'weir-source': 'a b' }, 400, 'invalid-source'],
    ])('is refused: %s', async (_, body, headers, status, code) => {
      const answer = await post(hub(), body, headers)
      expect([answer.status, answer.body.error.code]).toEqual([status, code])
      expect((await post(hub(), batch([{ value: report() }]))).status).toBe(200)
    })

    test('with a bomb of empty lines is refused at the limit of lines', async () => {
      const { status, body } = await post(hub(), gzipSync(Buffer.alloc(32 << 20, '\n')), {
        'content-encoding': 'gzip',
        'content-type': 'application/x-ndjson',
      })
      expect([status, body.error.code]).toEqual([413, 'too-large'])
    })

    test('for a topic without a door is refused with the names of topics that have one', async () => {
      for (const topic of ['taxi.enriched', 'weir.stats', 'nothing']) {
        const { status, body } = await post(hub(), '{}', {}, `/v1/topics/${topic}/records`)
        expect([status, body.error.code]).toEqual([404, 'unknown-topic'])
        expect(body.error.message).toContain(TOPIC)
      }
    })

    test('that breaks off stores nothing', async () => {
      const source = uniqueName('gone')
      const { hostname, port } = new URL(hub().url)
      const socket = connect(Number(port), hostname)
      const body = batch([{ value: report() }])
      socket.write(
        `POST /v1/topics/${TOPIC}/records HTTP/1.1\r\nhost: x\r\nweir-source: ${source}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, -1)}`,
      )
      await new Promise((resolve) => setTimeout(resolve, 200))
      socket.destroy()
      expect((await post(hub(), batch([{ value: report() }]), from(source))).status).toBe(200)
      expect(await stored(source)).toHaveLength(1)
    })

    test('that is refused early does not break the next one on its connection', async () => {
      const { hostname, port } = new URL(hub().url)
      const socket = connect(Number(port), hostname)
      const good = batch([{ value: report() }])
      const head = (length: number) =>
        `POST /v1/topics/${TOPIC}/records HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`
      const long = ' '.repeat((10 << 20) + 1)
      socket.write(`${head(long.length)}\r\n${long}`)
      socket.write(`${head(good.length)}connection: close\r\n\r\n${good}`)
      const answers = await text(socket)
      expect(answers.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 413', 'HTTP/1.1 200'])
    })
  })
}
