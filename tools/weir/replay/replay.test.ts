/** Replays against a real socket that answers as a hub under pressure does. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Refused, Unreachable } from '../command.ts'
import { explain } from './explain.ts'
import { recordFile } from './file.ts'
import { type Counts, type Plan, type Refusal, type ReplayOptions, replay } from './replay.ts'

interface Sent {
  id: string
  value: { deviceId: string; eventTime: number; speed: number; position: { lat: number; lon: number } }
}
type Answer = (records: Sent[], response: ServerResponse) => void

/** A hub that stores by id, so that repeats change nothing, and remembers the order of arrival per key. */
class Hub {
  readonly stored = new Map<string, Sent>()
  readonly arrivals: Sent[] = []
  readonly sources = new Set<string>()
  requests = 0
  maxInFlight = 0
  answer: Answer = (records, response) => this.ok(records, response)
  #inFlight = 0
  #server: Server
  url = ''

  constructor() {
    this.#server = createServer((request, response) => {
      void this.#serve(request, response)
    })
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  store(record: Sent): void {
    if (!this.stored.has(record.id)) this.arrivals.push(record)
    this.stored.set(record.id, record)
  }

  ok(records: Sent[], response: ServerResponse): void {
    for (const record of records) this.store(record)
    reply(response, 200, { stored: records.length })
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.maxInFlight = Math.max(this.maxInFlight, ++this.#inFlight)
    this.requests++
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = JSON.parse(Buffer.concat(chunks).toString())
    this.sources.add(request.headers['weir-source'] as string)
    await new Promise((resolve) => setTimeout(resolve, 2))
    this.#inFlight--
    this.answer(body.records, response)
  }
}

const reply = (response: ServerResponse, status: number, body: object, headers = {}): void => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
}

const folder = mkdtempSync(join(tmpdir(), 'weir-replay-'))
process.env.WEIR_DATA = folder
let files = 0
function csv(rows: number, keys = 20): string {
  const lines = ['track_id,lon,lat,speed,time']
  for (let i = 0; i < rows; i++)
    lines.push(`v${i % keys},23.73,37.99,${i % 60}.5,1970-01-01 00:00:${String(i % 60).padStart(2, '0')}.000`)
  return `${lines.join('\n')}\n`
}
function write(data: string | Buffer): string {
  const path = join(folder, `file-${++files}`)
  writeFileSync(path, data)
  return path
}

let hub: Hub
beforeEach(async () => {
  hub = new Hub()
  await hub.listen()
})
afterEach(() => hub.close())

async function run(
  data: string | Buffer,
  options: Partial<ReplayOptions> & { delimiter?: string } = {},
): Promise<{ counts: Counts; refusals: Refusal[]; plan: Plan }> {
  const counts: Counts = {
    phase: 'looking through',
    fraction: 0,
    stored: 0,
    refused: 0,
    open: 0,
    trouble: undefined,
  }
  const refusals: Refusal[] = []
  let plan: Plan | undefined
  await replay(
    {
      file: await recordFile(write(data), options.delimiter),
      topic: 'taxi.telemetry',
      hub: hub.url,
      apiKey: undefined,
      maps: [],
      sets: [],
      timeFormat: undefined,
      keepTimes: false,
      zoneMs: 0,
      allTimes: false,
      speed: Infinity,
      run: undefined,
      patience: 20_000,
      signal: new AbortController().signal,
      ...options,
    },
    counts,
    {
      planned: (made) => {
        plan = made
      },
      refused: (refusal) => {
        refusals.push(refusal)
      },
    },
  )
  return { counts, refusals, plan: plan! }
}

/** One report per time, on lines 2, 3, …; each has its own device. */
const timed = (...times: (string | number)[]): string =>
  ['id,lat,lon,speed,time', ...times.map((time, i) => `v${i},1,2,3,${time}`)].join('\n')

/** Event times as sent, by device. */
const sentTimes = (): number[] =>
  [...hub.stored.values()]
    .sort((a, b) => (a.value.deviceId < b.value.deviceId ? -1 : 1))
    .map(({ value }) => value.eventTime)

/** Lines of each key as they arrived. */
function linesByKey(): Map<string, number[]> {
  const lines = new Map<string, number[]>()
  for (const { id, value } of hub.arrivals)
    lines.set(value.deviceId, [
      ...(lines.get(value.deviceId) ?? []),
      Number(id.slice(id.lastIndexOf('-') + 1)),
    ])
  return lines
}
function expectOrderPerKey(): void {
  for (const lines of linesByKey().values()) expect(lines).toEqual([...lines].sort((a, b) => a - b))
}

describe('a replay', () => {
  const halves =
    (pack: (text: string) => Buffer) =>
    (text: string): Buffer =>
      Buffer.concat([pack(text.slice(0, 1000)), pack(text.slice(1000))])
  test.each([
    ['plain', (text: string) => Buffer.from(text)],
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
    ['gzip file of two members', halves(gzipSync)],
    ['zstd file of two frames', halves(zstdCompressSync)],
    ['UTF-16', (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ])('stores every row of a %s file once, with ids, source and times moved to now', async (_, pack) => {
    const before = Date.now()
    const { counts, plan } = await run(pack(csv(6000)))
    expect(counts).toMatchObject({ stored: 6000, refused: 0, open: 0 })
    expect(hub.stored.size).toBe(6000)
    expect([...hub.sources]).toEqual([`replay-${plan.run}`])
    expect(hub.stored.get(`${plan.run}-2`)!.value).toMatchObject({
      deviceId: 'v0',
      speed: 0.5,
      position: { lat: 37.99, lon: 23.73 },
    })
    const last = Math.max(...[...hub.stored.values()].map((record) => record.value.eventTime))
    expect(last).toBeGreaterThanOrEqual(before)
    expect(last).toBeLessThanOrEqual(Date.now())
    expect(hub.maxInFlight).toBeGreaterThan(1)
    expectOrderPerKey()
  })

  test('repeats with the same ids through 503, 429, broken connections and lost replies, and keeps the order of each key', async () => {
    let n = 0
    hub.answer = (records, response) => {
      n++
      if (n > 12) return hub.ok(records, response)
      if (n % 4 === 1) return reply(response, 503, { message: 'no broker' }, { 'retry-after': '0' })
      if (n % 4 === 2) return reply(response, 429, { message: 'slower' }, { 'retry-after': '1' })
      if (n % 4 === 3) return void response.destroy()
      for (const record of records) hub.store(record)
      response.destroy()
    }
    const { counts } = await run(csv(3000))
    expect(counts).toMatchObject({ stored: 3000, refused: 0 })
    expect(hub.stored.size).toBe(3000)
    expectOrderPerKey()
  })

  test('sends retriable records of a 207 again in order, and reports definite errors with line and field', async () => {
    const failedOnce = new Set<string>()
    hub.answer = (records, response) => {
      // As in the hub, later records of a key fail after a retriable failure of that key.
      const failing = new Set<string>()
      const errors: object[] = []
      records.forEach((record, index) => {
        if (record.value.speed === 13.5)
          return errors.push({
            index,
            code: 'invalid',
            field: 'value.speed',
            message: 'unlucky',
            retriable: false,
          })
        if (record.id.endsWith('7') && !failedOnce.has(record.id)) {
          failedOnce.add(record.id)
          failing.add(record.value.deviceId)
        }
        if (failing.has(record.value.deviceId))
          return errors.push({ index, code: 'not-stored', message: 'timeout', retriable: true })
        return hub.store(record)
      })
      if (errors.length > 0) reply(response, 207, { errors })
      else reply(response, 200, {})
    }
    const { counts, refusals } = await run(csv(1200))
    expect(counts).toMatchObject({ stored: 1180, refused: 20 })
    expect(refusals.map((refusal) => refusal.line).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 20 }, (_, i) => 15 + 60 * i),
    )
    expect(refusals[0]).toMatchObject({ field: 'speed', code: 'invalid', message: 'unlucky' })
    expectOrderPerKey()
  })

  test('halves what is too large for one request', async () => {
    hub.answer = (records, response) =>
      records.length > 60
        ? reply(response, 413, { error: { code: 'too-large', message: 'too large' } })
        : hub.ok(records, response)
    expect((await run(csv(1000))).counts.stored).toBe(1000)
    expectOrderPerKey()
  })

  test('a repeated run of one name sends the very same records', async () => {
    const name = `test-${process.pid}-${Date.now()}`
    const data = csv(700)
    await run(data, { run: name })
    const first = JSON.stringify([...hub.stored].sort())
    await new Promise((resolve) => setTimeout(resolve, 20))
    await run(data, { run: name })
    expect(JSON.stringify([...hub.stored].sort())).toBe(first)
    await expect(run(csv(701), { run: name })).rejects.toThrow('another file')
    await expect(run(data.replace('.5,', '.6,'), { run: name })).rejects.toThrow('another file')
    await expect(run(data, { run: name, maps: ['speed=speed*2'] })).rejects.toThrow('differently')
    await expect(run(data, { run: name, sets: ['occupied=true'] })).rejects.toThrow('differently')
    writeFileSync(join(folder, 'replays', `${name}.json`), '{')
    await expect(run(data, { run: name })).rejects.toThrow('cannot be read')
  })

  test('reports rows that are none and goes on with their neighbours', async () => {
    const { counts, refusals } = await run(
      'id,lat,lon,speed,time\na,1,2,3,0\nb,x,2,3,1\nc,1,2\nd,1,2,,2\n"e,1,2,3,3\n',
    )
    expect(counts.stored).toBe(1)
    expect(refusals.map(({ line, field }) => [line, field])).toEqual(
      expect.arrayContaining([
        [3, 'position.lat'],
        [4, undefined],
        [5, 'speed'],
      ]),
    )
    expect(hub.stored.size).toBe(1)
  })

  test('takes the lines of weir tail as they are', async () => {
    const line = {
      time: '2026-01-01T00:00:00Z',
      key: 'a',
      partition: 0,
      offset: 1,
      value: {
        deviceId: 'a',
        position: { lat: 1, lon: 2 },
        speed: 3,
        fuel: null,
        occupied: true,
        eventTime: 1_700_000_000_000,
      },
    }
    const { counts } = await run(`${JSON.stringify(line)}\n\nnonsense\n${JSON.stringify(line.value)}`, {
      keepTimes: true,
    })
    expect(counts).toMatchObject({ stored: 2, refused: 1 })
    for (const { value } of hub.stored.values()) expect(value).toEqual(line.value)
  })

  test('paces by event time and sorts a file that is ordered by vehicle', async () => {
    const rows = [
      'id,lat,lon,speed,time',
      ...[0, 1].flatMap((key) => Array.from({ length: 11 }, (_, i) => `v${key},1,2,3,${i}`)),
    ]
    const started = Date.now()
    await run(rows.join('\n'), { speed: 10 })
    expect(Date.now() - started).toBeGreaterThanOrEqual(950)
    const times = hub.arrivals.map((record) => record.value.eventTime)
    expect(times.filter((time, i) => i > 0 && time < times[i - 1] - 2_000)).toEqual([])
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now())
    expect(Math.max(...times)).toBeGreaterThan(Date.now() - 500)
  })

  test('gives up when nothing got through for the patience, or when the hub refuses the client', async () => {
    hub.answer = (_, response) => reply(response, 503, {})
    await expect(run(csv(10), { patience: 300 })).rejects.toThrow(Unreachable)
    hub.answer = (_, response) =>
      reply(response, 404, { error: { code: 'unknown-topic', message: 'x is no topic.' } })
    await expect(run(csv(10))).rejects.toThrow(new Refused('x is no topic.'))
  })

  test('stops when told, and what is open is said', async () => {
    const controller = new AbortController()
    hub.answer = (records, response) => {
      if (hub.stored.size > 1000) controller.abort()
      hub.ok(records, response)
    }
    const { counts } = await run(csv(40_000), { signal: controller.signal })
    expect(counts.stored).toBe(hub.stored.size)
    expect(counts.stored).toBeLessThan(40_000)
  })

  test('says which file cannot be read to its end', async () => {
    for (const pack of [gzipSync, zstdCompressSync]) {
      const packed = pack(csv(5_000))
      await expect(run(packed.subarray(0, packed.length - 100))).rejects.toThrow(
        'cannot be read to its end: it is cut off',
      )
      await expect(run(Buffer.concat([packed, packed.subarray(0, packed.length - 100)]))).rejects.toThrow(
        'cannot be read to its end: it is cut off',
      )
      await expect(run(Buffer.concat([packed, Buffer.from('more')]))).rejects.toThrow(
        'cannot be read to its end',
      )
    }
    await expect(run('')).rejects.toThrow('is empty')
    await expect(run(gzipSync('PK\x03\x04'))).rejects.toThrow('is a zip archive')
    await expect(run(`${csv(1)}"${'text\n'.repeat(300_000)}`)).rejects.toThrow(
      'line 3 opens a quote that is not closed',
    )
    expect(hub.requests).toBe(0)
  })

  test('says so where its content changed while it was read, though its length is the same; a touch changes nothing', async () => {
    for (const [content, says] of [
      [csv(10).replaceAll('v0', 'w0'), 'changed while it was read'],
      [csv(10), undefined],
    ]) {
      const file = await recordFile(write(csv(10)))
      hub.answer = (records, response) => {
        writeFileSync(file.path, content!)
        hub.ok(records, response)
      }
      if (says === undefined) await run('x', { file })
      else await expect(run('x', { file })).rejects.toThrow(says)
    }
  })

  test('tells which of several columns of one name is read', async () => {
    const { plan } = await run('id,lat,lon,lat,speed,time,note,note\na,1,2,9,3,4,x,y')
    expect([...hub.stored.values()][0].value.position).toEqual({ lat: 1, lon: 2 })
    expect(explain(plan).match(/several .*/g)).toEqual(['several columns are named lat; the first is read'])
  })

  test('tells how long a paced run takes, and how much of that has passed', async () => {
    const { counts, plan } = await run(timed(1000, 1001), { speed: 5 })
    expect(explain(plan)).toContain('sent within 200 ms (--speed)\n')
    expect(counts.stored).toBe(2)
    expect(explain((await run(timed(1000, 1001))).plan)).not.toContain('sent within')
  })

  test('says so where a file has grown since it was looked at', async () => {
    const file = await recordFile(write(csv(10)))
    await expect(run('x', { file: { ...file, size: file.size - 1 } })).rejects.toThrow(
      'changed while it was read',
    )
  })
})

describe('rows', () => {
  test('that are too long cost no other row', async () => {
    const rows = Array.from(
      { length: 200 },
      (_, i) => `v${i},1,2,3,${i},${i === 2 ? 'x'.repeat(1_300_000) : ''}`,
    )
    const { counts, refusals } = await run(['id,lat,lon,speed,time,note', ...rows].join('\n'))
    expect(counts).toMatchObject({ stored: 199, refused: 1 })
    expect(refusals).toMatchObject([{ line: 4, message: expect.stringContaining('is longer than') }])
  })

  test('have their ids from the line where they begin, whatever ends lines', async () => {
    const { plan } = await run(
      'lat,lon,speed,time,id\n1,2,3,0,a\r\n1,2,3,1,"b\r\nb"\r\n\r\n1,2,3,2,c\r1,2,3,3,d\n',
    )
    expect([...hub.stored].sort().map(([id, { value }]) => [id, value.deviceId])).toEqual([
      [`${plan.run}-2`, 'a'],
      [`${plan.run}-3`, 'b\r\nb'],
      [`${plan.run}-6`, 'c'],
      [`${plan.run}-7`, 'd'],
    ])
  })

  test('of NDJSON keep numeric ids apart beyond 2^53', async () => {
    const line = (id: string): string => `{"device":${id},"lat":1,"lon":2,"speed":3,"time":1}`
    await run([line('9007199254740993'), line('9007199254740992'), line('7')].join('\n'))
    expect([...hub.stored.values()].map(({ value }) => value.deviceId)).toEqual([
      '9007199254740993',
      '9007199254740992',
      '7',
    ])
  })

  test.each([
    [
      'a comma at the end of every row',
      'id,lat,lon,speed,time\na,1,2,3,4,\nb,1,2,3,4,\n',
      'does not have a readable row: line 2 has 6 columns, the header has 5; line 3 has 6 columns',
    ],
    ['no row', 'id,lat,lon,speed,time\n', 'has a header but no rows'],
    [
      'times of another kind',
      'id,lat,lon,speed,time\na,1,2,3,\nb,1,2,3,noon\n',
      'No row has a time in column time: line 2 has nothing; name its column',
    ],
    [
      'a quote in the header',
      'id,lat,"lon"x,speed,time\na,1,2,3,4\n',
      'does not have a readable header: line 1 has a quote within a cell',
    ],
    ['lines that are no JSON', '{"a":\n{"b":\n', 'does not have a readable row: line 1 is not JSON'],
  ])('%s: the file says why', async (_, data, sentence) => {
    await expect(run(data)).rejects.toThrow(sentence)
  })

  test.each([
    [';', undefined],
    ['\t', undefined],
    ['^', '^'],
  ])('with cells separated by %j', async (delimiter, said) => {
    const { counts, plan } = await run(
      csv(10).replaceAll(',', delimiter),
      said === undefined ? {} : { delimiter: said },
    )
    expect(counts).toMatchObject({ stored: 10, refused: 0 })
    expect(explain(plan)).toContain(
      `cells separated by ${{ ';': 'semicolons', '\t': 'tabs', '^': '"^"' }[delimiter]} (--delimiter)`,
    )
  })
})

describe('times', () => {
  const NOW = 1_795_843_663

  test.each([
    ['seconds', ''],
    ['milliseconds', '000'],
    ['microseconds', '000000'],
    ['nanoseconds', '000000000'],
  ])('in %s are a second apart', async (unit, zeros) => {
    const { plan } = await run(timed(...[0, 1, 2, 3, 4].map((second) => `${NOW + second}${zeros}`)), {
      keepTimes: true,
    })
    expect(sentTimes()).toEqual([0, 1, 2, 3, 4].map((second) => (NOW + second) * 1000))
    expect(explain(plan)).toContain(
      `times in ${unit} (--time), from 2026-11-28T05:27:43Z on line 2 to 2026-11-28T05:27:47Z on line 6\n`,
    )
  })

  test.each([
    ['the year 9999 in seconds', [NOW, 253402300799, NOW + 1, NOW + 2]],
    ['0', [NOW, 0, NOW + 1, NOW + 2]],
    ['the year 9999', ['2026-11-28', '9999-12-31', '2026-11-29', '2026-11-30']],
    ['a clock that was reset', [NOW, 315964800, NOW + 1, NOW + 2]],
    ['0 where most are 0', [0, 0, NOW, 0, NOW + 1]],
    ['the year 1', ['2026-11-28', '0001-01-01', '2026-11-29']],
    ['0 beside one other', [0, NOW]],
    ['0 beside milliseconds', [0, 0, 0, NOW * 1000]],
  ])('far from the others are refused: %s', async (_, times) => {
    const bad = times.filter(
      (time) => time === 0 || ![String(NOW).slice(0, 4), '2026'].includes(String(time).slice(0, 4)),
    ).length
    const { counts, refusals, plan } = await run(timed(...times))
    expect(counts).toMatchObject({ stored: times.length - bad, refused: bad })
    for (const { field, message } of refusals)
      expect([field, message]).toEqual([
        'eventTime',
        expect.stringMatching(
          / is (0001|1970|1980|9999)-\S+, far from the other times; --all-times sends it$/,
        ),
      ])
    expect(Math.max(...sentTimes())).toBeGreaterThan(Date.now() - 60_000)
    expect(explain(plan)).toMatch(
      new RegExp(
        `^${bad} times? (is|are) far from these and will be refused \\(--all-times\\)$`.replace(
          'lies?',
          bad === 1 ? 'lies' : 'lie',
        ),
        'm',
      ),
    )
    expect((await run(timed(...times), { allTimes: true })).counts).toMatchObject({
      stored: times.length,
      refused: 0,
    })
  })

  test('far apart make no run of years', async () => {
    const file = timed(NOW, 0, NOW + 1)
    await expect(run(file, { speed: 10, allTimes: true })).rejects.toThrow(
      /At --speed 10x this would take 2078 d .*: the first time is 1970-01-01T00:00:00Z on line 3/,
    )
    expect((await run(file, { speed: 10 })).counts).toMatchObject({ stored: 2, refused: 1 })
  })

  test('of years are no outliers of each other', async () => {
    expect(
      (await run(timed('2019-01-01', '2021-06-01', '2023-01-01', '2026-11-01'), { keepTimes: true })).counts,
    ).toMatchObject({ stored: 4, refused: 0 })
    expect((await run(timed(0, 200, 400, 600, 787))).counts).toMatchObject({ stored: 5, refused: 0 })
  })

  test('without a zone are read in the one that is said', async () => {
    const { plan } = await run(timed('2026-11-28 06:00:00', '2026-11-28T05:00:01Z'), {
      keepTimes: true,
      zoneMs: 3_600_000,
    })
    expect(sentTimes()).toEqual([Date.UTC(2026, 10, 28, 5), Date.UTC(2026, 10, 28, 5, 0, 1)])
    expect(explain(plan)).toContain(
      'times in ISO 8601 (--time), from 2026-11-28T05:00:00Z on line 2 to 2026-11-28T05:00:01Z on line 3, in UTC+01:00 if they have no zone (--zone)\n',
    )
  })

  test('are read as is said', async () => {
    await run(timed(5000, 6000), { timeFormat: 'milliseconds', keepTimes: true })
    expect(sentTimes()).toEqual([5000, 6000])
    await expect(run(timed(5000), { timeFormat: 'iso' })).rejects.toThrow(
      'No row has a time in iso in column time: line 2 has "5000"',
    )
  })
})
