/** Event source mappings over real topics, with real functions in processes of their own. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Codec } from '@weir/codec'
import { encodeHeaders, type Kafka } from '@weir/kafka'
import type { Streams } from '@weir/streams'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { outputSuite } from './mappings/output.suite.ts'
import { eventSource } from './mappings/sources/sources.ts'
import type { Backends } from './testing/backends.ts'
import { functionOf, mappingOf, startHost } from './testing/hosting.ts'
import { ECHO, expectKeysInOrder, useMappings } from './testing/mappings.ts'

const mappingTests = useMappings()
const { opened, topic, produce, readAll, host } = mappingTests
let backends: Backends['backends']
let kafka: Kafka
let streams: Streams
let codec: Codec
beforeAll(() => {
  ;({ backends, kafka, streams, codec } = opened())
})

outputSuite(mappingTests)

describe('a mapping of a topic', () => {
  test("delivers batches of the requested size, gathered for the requested time, as Lambda's events", async () => {
    const [source, output] = [await topic(), await topic(1, 'output')]
    await host({
      definitions: [
        functionOf(
          'echo',
          `${ECHO.replace('n++', 'if (n++ === 0) console.log("EVENT " + JSON.stringify(event))')}`,
        ),
      ],
      mappings: [
        mappingOf(
          source,
          'echo',
          { kind: 'kafka', topic: source },
          { batchSize: 10, windowMs: 1500 },
          { output },
        ),
      ],
    })
    for (let i = 0; i < 4; i++)
      await produce(
        source,
        Array.from({ length: 4 }, (_, n) => `k:${i * 4 + n}`),
      )
    await expect
      .poll(async () => (await readAll(output)).map(({ value, headers }) => [value, headers.batch]), {
        timeout: 15_000,
      })
      .toEqual(Array.from({ length: 16 }, (_, n) => [`k:${n}`, n < 10 ? '10' : '6']))
  })

  test.each([
    ['LATEST', 'LATEST', ['k:3', 'k:4']],
    ['TRIM_HORIZON', 'TRIM_HORIZON', ['k:0', 'k:1', 'k:2', 'k:3', 'k:4']],
    // To Kafka, -1 ms means the end.
    ['a time before 1970', { timestamp: -1 }, ['k:0', 'k:1', 'k:2', 'k:3', 'k:4']],
  ] as const)('begins at %s', async (_, start, expected) => {
    const [source, output] = [await topic(), await topic(1, 'output')]
    await produce(source, ['k:0', 'k:1', 'k:2'])
    await host({
      definitions: [functionOf('echo', ECHO)],
      mappings: [mappingOf(source, 'echo', { kind: 'kafka', topic: source }, {}, { output, start })],
    })
    await produce(source, ['k:3', 'k:4'])
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value), { timeout: 15_000 })
      .toEqual(expected)
  })

  test('never passes filtered records to the function, and commits their offsets', async () => {
    const [source, output] = [await topic(), await topic(1, 'output')]
    const filters = {
      Filters: [
        { Pattern: JSON.stringify({ value: { kind: ['order'], amount: [{ numeric: ['>', 10] }] } }) },
      ],
    }
    await host({
      definitions: [functionOf('echo', ECHO)],
      mappings: [mappingOf(source, 'echo', { kind: 'kafka', topic: source }, {}, { output, filters })],
    })
    const records = [
      { kind: 'order', amount: 5 },
      { kind: 'order', amount: 50 },
      { kind: 'visit', amount: 50 },
    ].map((value) => JSON.stringify(value))
    await produce(source, records)
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value), { timeout: 15_000 })
      .toEqual([records[1]])
    await expect
      .poll(async () => (await kafka.admin.lag(`weir.mapping.${source}`)).map(({ lag }) => lag), {
        timeout: 15_000,
      })
      .toEqual([0])
  })

  test('passes a record that a client resent under its id to the function once, even after a restart', async () => {
    const [name, output] = [await topic(), await topic(1, 'out')]
    const idOf = (value: string) => encodeHeaders({ 'weir-id': value })
    const options = {
      definitions: [functionOf('echo', ECHO)],
      mappings: [mappingOf('once', 'echo', { kind: 'kafka', topic: name }, {}, { output, onceMs: 900_000 })],
    }
    const first = await host(options)
    await produce(name, ['k:1', 'k:2', 'k:1', 'k:3'], idOf)
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value), { timeout: 30_000 })
      .toEqual(['k:1', 'k:2', 'k:3'])
    await first.kill()
    await host(options)
    await produce(name, ['k:3', 'k:4', 'k:1'], idOf)
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value), { timeout: 60_000 })
      .toEqual(['k:1', 'k:2', 'k:3', 'k:4'])
  })

  test('runs many batches at once in parallel lanes, and keeps the order of each key', async () => {
    const [source, output] = [await topic(), await topic(1, 'output')]
    const slow = ECHO.replace(
      'n++',
      'const began = Date.now(); await new Promise((r) => setTimeout(r, 100)); n++',
    ).replace('headers: {', 'headers: { began: String(began), ended: String(Date.now()),')
    await produce(
      source,
      Array.from({ length: 200 }, (_, n) => `key-${n % 20}:${n}`),
    )
    await host({
      definitions: [functionOf('slow', slow)],
      mappings: [
        mappingOf(
          source,
          'slow',
          { kind: 'kafka', topic: source },
          { batchSize: 5, parallelization: 10 },
          { output },
        ),
      ],
    })
    await expect.poll(async () => (await readAll(output)).length, { timeout: 15_000 }).toBe(200)
    const spans = (await readAll(output)).map(({ headers: { began, ended } }) => [
      Number(began),
      Number(ended),
    ])
    expect(spans.some(([began, ended]) => spans.some(([other]) => began < other && other < ended))).toBe(true)
    expectKeysInOrder((await readAll(output)).map(({ value }) => value))
  })

  test('blocks only the partition whose records make the function time out, exit or exceed its memory', async () => {
    const [source, output, failed] = [await topic(2), await topic(1, 'output'), await topic(1, 'failed')]
    const code = `${ECHO.replace(
      'n++',
      `n++
      if (valuesOf(event).some((v) => v.includes('forever'))) for (;;);
      if (valuesOf(event).some((v) => v.includes('exit'))) process.exit(3)
      if (valuesOf(event).some((v) => v.includes('memory'))) { const all = []; for (;;) all.push(Buffer.alloc(1 << 20, 1)) }`,
    )}`
    await host({
      definitions: [functionOf('bad', code, { timeoutMs: 1000, memoryMb: 128 })],
      mappings: [
        mappingOf(
          source,
          'bad',
          { kind: 'kafka', topic: source },
          { batchSize: 1, maxRetries: 0 },
          { output, onFailure: `kafka://${failed}` },
        ),
      ],
    })
    await produce(source, ['a:forever', 'a:1', 'a:exit', 'a:2', 'a:memory', 'a:3', 'b:1', 'b:2'])
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value).sort(), { timeout: 30_000 })
      .toEqual(['a:1', 'a:2', 'a:3', 'b:1', 'b:2'])
    const documents = await readAll(failed)
    expect(
      documents.map(({ value }) => {
        const { requestContext, KafkaBatchInfo } = JSON.parse(value)
        return [requestContext.condition, requestContext.approximateInvokeCount, KafkaBatchInfo.batchSize]
      }),
    ).toEqual(Array(3).fill(['RetryAttemptsExhausted', 1, 1]))
    expect(documents.map(({ headers }) => headers['weir-error'])).toEqual([
      expect.stringContaining('timed out'),
      expect.stringContaining('exit'),
      expect.stringContaining('signal: killed'),
    ])
  })

  test('gives up a batch whose response has a record that is not base64, and writes nothing of it', async () => {
    const [source, output] = [await topic(), await topic(1, 'output')]
    const code = ECHO.replace('key: value', `...(value.endsWith('1') && { encoding: 'base64' }), key: value`)
    await host({
      definitions: [functionOf('half', code)],
      mappings: [
        mappingOf(
          source,
          'half',
          { kind: 'kafka', topic: source },
          { batchSize: 1, maxRetries: 0 },
          { output },
        ),
      ],
    })
    await produce(source, ['k:0', 'k:1', 'k:2'])
    await expect
      .poll(async () => (await readAll(output)).map(({ value }) => value), { timeout: 15_000 })
      .toEqual(['k:0', 'k:2'])
  })

  test('continues a tumbling window after kill -9 with its state', async () => {
    const source = await topic()
    const code = `
      export const handler = async ({ records, state, isFinalInvokeForWindow }) => {
        const seen = [...(state.seen ?? []), ...Object.values(records).flat().map((r) => Buffer.from(r.value, 'base64').toString())]
        if (isFinalInvokeForWindow) console.log('WINDOW ' + JSON.stringify(seen))
        return { state: { seen } }
      }`
    const options = {
      ...backends,
      definitions: [functionOf('count', code)],
      mappings: [
        mappingOf(source, 'count', { kind: 'kafka', topic: source } as const, {
          batchSize: 5,
          tumblingMs: 6000,
        }),
      ],
    }
    while (Date.now() % 6000 > 1000) await sleep(50)
    const first = await startHost(options)
    await produce(
      source,
      Array.from({ length: 20 }, (_, n) => `k:${n}`),
    )
    await expect
      .poll(async () => (await kafka.admin.lag(`weir.mapping.${source}`)).map(({ lag }) => lag), {
        timeout: 10_000,
      })
      .toEqual([0])
    await first.kill()
    const second = await startHost(options)
    onTestFinished(async () => void (await second.stop()))
    const windows = () =>
      second.lines.flatMap((line) => {
        const { msg } = JSON.parse(line)
        return typeof msg === 'string' && msg.includes('WINDOW ')
          ? [JSON.parse(msg.slice(msg.indexOf('WINDOW ') + 7))]
          : []
      })
    await expect
      .poll(() => windows().flat(), { timeout: 20_000 })
      .toEqual(Array.from({ length: 20 }, (_, n) => `k:${n}`))
  }, 60_000)
})

test.each([
  ['CreateTime', 'CREATE_TIME'],
  ['LogAppendTime', 'LOG_APPEND_TIME'],
])('events of a topic with %s have the timestamp type %s', async (type, expected) => {
  const name = await topic(1, 'times', { 'message.timestamp.type': type })
  await produce(name, ['k:1'])
  const account = { region: 'us-east-1', accountId: '000000000000' }
  const mapping = mappingOf('times', 'f', { kind: 'kafka', topic: name })
  const deps = { kafka, codec, streams, account, bootstrapServers: 'b', roleOf: () => '' }
  const reader = await eventSource(mapping.source).open(mapping, deps)
  const found: unknown[] = []
  for await (const { records } of reader.slices(
    await kafka.fetch(name, 0, 0, 1 << 20),
    () => false,
    new AbortController().signal,
  ))
    found.push(...records.map(({ json }) => JSON.parse(json).timestampType))
  expect(found).toEqual([expected])
})

test('bisecting and retries under kill -9 deliver every good record once, in order, and name every bad one', async () => {
  const [source, output, failed] = [await topic(3), await topic(3, 'output'), await topic(1, 'failed')]
  // A batch of more than 8 records throws if one is bad. A smaller batch names its first bad record.
  const code = `
    const valuesOf = (event) => Object.values(event.records).flat().map((r) => [{ partition: r.topic + '-' + r.partition, offset: r.offset }, Buffer.from(r.value, 'base64').toString()])
    export const handler = async (event) => {
      await new Promise((r) => setTimeout(r, 5))
      const records = valuesOf(event)
      const bad = records.findIndex(([, value]) => value.endsWith('bad'))
      if (bad >= 0 && records.length > 8) throw new Error('a bad record among many')
      const good = bad < 0 ? records : records.slice(0, bad)
      return {
        records: good.map(([, value]) => ({ key: value.split(':')[0], value })),
        batchItemFailures: bad < 0 ? [] : [{ itemIdentifier: records[bad][0] }],
      }
    }`
  const values = Array.from({ length: 3000 }, (_, n) => `key-${n % 30}:${n}${n % 97 === 0 ? 'bad' : ''}`)
  await produce(source, values)
  const options = {
    ...backends,
    definitions: [functionOf('picky', code)],
    mappings: [
      mappingOf(
        source,
        'picky',
        { kind: 'kafka', topic: source } as const,
        { batchSize: 50, bisect: true, reportItemFailures: true, maxRetries: 0 },
        { output, onFailure: `kafka://${failed}` },
      ),
    ],
  }
  let kills = 0
  let running = await startHost(options)
  onTestFinished(async () => void (await running.stop()))
  const done = async (): Promise<boolean> => {
    const lags = await kafka.admin.lag(`weir.mapping.${source}`)
    return lags.length > 0 && lags.every(({ lag }) => lag === 0)
  }
  for (const deadline = Date.now() + 90_000; Date.now() < deadline && !(kills >= 3 && (await done())); ) {
    if (kills < 3) {
      await sleep(300)
      await running.kill()
      kills++
      running = await startHost(options)
    } else await sleep(200)
  }
  // A bad record is given up together with the rest of its part, as in Lambda. Every other record came out
  // once.
  const found = (await readAll(output)).map(({ value }) => value)
  const named = new Set(
    (await readAll(failed)).flatMap(({ value }) => {
      const [[, info]] = Object.entries<any>(JSON.parse(value).KafkaBatchInfo.recordInfo)
      return Array.from(
        { length: Number(info.lastRecordOffset) - Number(info.firstRecordOffset) + 1 },
        (_, i) =>
          `${Object.keys(JSON.parse(value).KafkaBatchInfo.recordInfo)[0]}/${Number(info.firstRecordOffset) + i}`,
      )
    }),
  )
  expect(new Set(found).size).toBe(found.length)
  expect(found.filter((value) => value.endsWith('bad'))).toEqual([])
  expect(found.length + named.size).toBeGreaterThanOrEqual(3000)
  expectKeysInOrder(found)
  expect(await done()).toBe(true)
}, 150_000)
