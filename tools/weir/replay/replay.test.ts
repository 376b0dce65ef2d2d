/** Replays against a hub under pressure. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { Refused, Unreachable } from '../command.ts'
import { explain } from './explain.ts'
import { recordFile } from './file.ts'
import { csv, expectOrderPerKey, folder, hub, reply, run, timed, useHub, write } from './testing/hub.ts'

useHub()

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
    const { counts, plan } = await run(pack(csv(2000)))
    expect(counts).toMatchObject({ stored: 2000, refused: 0, open: 0 })
    expect(hub.stored.size).toBe(2000)
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
    const { counts } = await run(csv(10_000), { signal: controller.signal })
    expect(counts.stored).toBe(hub.stored.size)
    expect(counts.stored).toBeLessThan(10_000)
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
