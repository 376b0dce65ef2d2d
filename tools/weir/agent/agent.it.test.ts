/** `weir agent` as a process, with files that are written, rotated and damaged, and a real hub. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  CreateStreamCommand,
  GetRecordsCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { openFirehoseTests } from '@weir/ingest-hub/doors/firehose/testing/firehose.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest'

const { hub, create, stored } = await openFirehoseTests()
const soon = { timeout: 30_000, interval: 200 }
const MIB = 1 << 20

let folder: string
let logs: string
const running = new Set<ChildProcess>()

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'weir-agent-'))
  logs = join(folder, 'logs')
  mkdirSync(logs)
})
afterEach(async () => {
  for (const agent of running) await kill(agent)
  rmSync(folder, { recursive: true })
})

async function start(flow: object, more: object = {}): Promise<ChildProcess> {
  const file = join(folder, 'agent.json')
  const flows = [{ initialPosition: 'START_OF_FILE', maxBufferAgeMillis: 1000, ...flow }]
  const config = { 'firehose.endpoint': hub.url, checkpointFile: join(folder, 'checkpoints'), flows, ...more }
  writeFileSync(file, JSON.stringify(config))
  const agent = spawn(process.execPath, ['tools/weir/main.ts', 'agent', file], {
    env: { ...process.env, LOG_LEVEL: 'info' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  agent.stdout!.on('data', () => {})
  tieProcess(agent.pid!)
  running.add(agent)
  agent.stderr!.resume()
  return agent
}

/** Resolves when the agent has looked at the files. */
const untilStarted = (agent: ChildProcess): Promise<void> =>
  new Promise((resolve) => {
    agent.stdout!.on('data', (data: Buffer) => {
      if (data.includes('"msg":"started"')) resolve()
    })
  })

async function kill(agent: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  running.delete(agent)
  if (agent.exitCode !== null) return
  const ended = once(agent, 'exit')
  agent.kill(signal)
  await ended
}

const linesIn = async (stream: string): Promise<string[]> => (await stored(stream)).map(({ text }) => text)
const numbered = (count: number, from = 0): string[] =>
  Array.from({ length: count }, (_, i) => `line ${from + i}\n`)
const path = (name: string): string => join(logs, name)
const write = (name: string, lines: readonly string[]): void => appendFileSync(path(name), lines.join(''))

test('lines are sent in their order, those that come later too, and once over a restart', async () => {
  const stream = await create()
  write('app.log', numbered(1200))
  const agent = await start({ filePattern: path('app.log*'), deliveryStream: stream })
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(1200)
  appendFileSync(path('app.log'), 'line 12')
  await pause(500)
  appendFileSync(path('app.log'), '00\n')
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(1201)
  write('app.log', numbered(1, 1201))
  await kill(agent, 'SIGTERM')
  write('app.log', numbered(8, 1202))
  await start({ filePattern: path('app.log*'), deliveryStream: stream })
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(1210)
  expect(await linesIn(stream)).toEqual(numbered(1210))
}, 90_000)

test('END_OF_FILE leaves out what is there at the first start, and only then', async () => {
  const stream = await create()
  write('old.log', numbered(10))
  const flow = { filePattern: path('*.log'), deliveryStream: stream, initialPosition: 'END_OF_FILE' }
  const agent = await start(flow)
  await untilStarted(agent)
  write('old.log', ['next\n'])
  write('new.log', ['new\n'])
  await expect.poll(async () => (await linesIn(stream)).sort(), soon).toEqual(['new\n', 'next\n'])
  await kill(agent)
  write('newer.log', ['newer\n'])
  await start(flow)
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(3)
}, 90_000)

test('each line is sent while files are rotated in all ways and the agent is killed', async () => {
  const stream = await create()
  const flow = { filePattern: path('app*.log*'), deliveryStream: stream, maxBufferSizeRecords: 100 }
  let [number, rotations, isWriting, current] = [0, 0, true, 'app.log']
  const rotate = [
    () => renameSync(path(current), path(`${current}.${rotations}`)),
    () => {
      copyFileSync(path(current), path(`${current}.${rotations}`))
      truncateSync(path(current))
    },
    () => {
      current = `app-${rotations}.log`
    },
  ]
  const writing = (async () => {
    while (isWriting) {
      for (let i = 0; i < 20; i++) {
        const count = 1 + Math.floor(Math.random() * 30)
        write(current, numbered(count, number))
        number += count
        await pause(10)
      }
      rotate[rotations++ % rotate.length]()
    }
  })()
  const KILLS = 8
  for (let kills = 0; kills < KILLS; kills++) {
    const agent = await start(flow)
    await pause(1500 + Math.random() * 2000)
    await kill(agent)
  }
  isWriting = false
  await writing
  await start(flow)
  await expect.poll(async () => new Set(await linesIn(stream)).size, { timeout: 60_000 }).toBe(number)
  await pause(1500)
  const lines = await linesIn(stream)
  expect(new Set(lines)).toEqual(new Set(numbered(number)))
  console.info(`${number} lines, ${rotations} rotations, ${lines.length - number} sent twice`)
  // Those that were in flight: one request at a time.
  expect(lines.length - number).toBeLessThanOrEqual(KILLS * 100)
}, 180_000)

test('a file that is truncated goes on from its beginning, and a name without a file waits for one', async () => {
  const stream = await create()
  await start({ filePattern: path('app.log'), deliveryStream: stream })
  await pause(1000)
  write('app.log', numbered(50))
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(50)
  truncateSync(path('app.log'))
  write('app.log', numbered(100, 50))
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(150)
  rmSync(path('app.log'))
  write('app.log', numbered(10, 150))
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(160)
  expect(await linesIn(stream)).toEqual(numbered(160))
}, 90_000)

test('files that are equal, begin alike, or were copied and go their own way are read, too', async () => {
  const stream = await create()
  await start({ filePattern: path('*.log'), deliveryStream: stream })
  const banner = numbered(20)
  write('first.log', [...banner, 'first\n'])
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(21)
  write('equal.log', [...banner, 'first\n'])
  write('shorter.log', banner)
  copyFileSync(path('first.log'), path('copied.log'))
  await pause(500)
  write('first.log', ['goes on\n', 'and on\n'])
  write('copied.log', ['alone\n'])
  await expect.poll(async () => (await linesIn(stream)).includes('alone\n'), soon).toBe(true)
  const times = async (line: string) => (await linesIn(stream)).filter((one) => one === line).length
  await expect.poll(() => times('first\n'), soon).toBeGreaterThanOrEqual(2)
  await expect.poll(() => times('line 7\n'), soon).toBeGreaterThanOrEqual(3)
  expect(await times('and on\n')).toBe(1)
}, 120_000)

test('hostile files: endless lines, no text, no line end, archives, links, folders', async () => {
  const stream = await create()
  const long = Buffer.alloc(100 * MIB, 'x')
  appendFileSync(path('long.log'), Buffer.concat([Buffer.from('before\n'), long, Buffer.from('\nafter\n')]))
  write('binary.log', ['\0\0\n', 'last, without a line end'])
  write('archive.log.gz', ['no\n'])
  mkdirSync(path('folder.log'))
  const agent = await start({
    filePattern: path('*'),
    deliveryStream: stream,
    truncatedRecordTerminator: '…cut\n',
  })
  await expect.poll(async () => (await linesIn(stream)).length, soon).toBe(4)
  const lines = await linesIn(stream)
  expect(lines.filter((line) => line.length < 100).sort()).toEqual(['\0\0\n', 'after\n', 'before\n'])
  const cut = lines.find((line) => line.length > 100)!
  expect(Buffer.byteLength(cut)).toBe(1_024_000)
  expect(cut).toMatch(/^x+…cut\n$/)
  renameSync(path('binary.log'), join(folder, 'elsewhere'))
  await expect.poll(async () => (await linesIn(stream)).includes('last, without a line end'), soon).toBe(true)
  expect(agent.exitCode).toBeNull()
}, 90_000)

test('a folder with 10,000 files', async () => {
  const stream = await create()
  for (let i = 0; i < 10_000; i++) write(`${i}.log`, [`time,value\n`, `line ${i}\n`])
  await start({ filePattern: path('*.log'), deliveryStream: stream, skipHeaderLines: 1 })
  await expect
    .poll(async () => (await linesIn(stream)).length, { timeout: 60_000, interval: 500 })
    .toBe(10_000)
  write('77.log', ['more\n'])
  await expect.poll(async () => (await linesIn(stream)).includes('more\n'), soon).toBe(true)
  expect(new Set(await linesIn(stream)).size).toBe(10_001)
}, 120_000)

test('records of several lines, processed, and put together', async () => {
  const stream = await create()
  write('app.log', ['head\n', '1 one\n', '  more\n', '2 two\n', '3 three\n'])
  await start({
    filePattern: path('app.log'),
    deliveryStream: stream,
    skipHeaderLines: 1,
    multiLineStartPattern: '^\\d',
    aggregatedRecordSizeBytes: 20,
    dataProcessingOptions: [{ optionName: 'SINGLELINE' }],
  })
  await expect.poll(async () => (await linesIn(stream)).join('|'), soon).toBe('1 onemore\n2 two\n|3 three\n')
}, 90_000)

test('lines of a log become objects in a Kinesis stream, with the keys of their contents', async () => {
  const kinesis = new KinesisClient({
    endpoint: hub.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
  onTestFinished(() => kinesis.destroy())
  const StreamName = `visits-${Date.now()}`
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  await waitUntilStreamExists({ client: kinesis, maxWaitTime: 30 }, { StreamName })
  const request = '[07/Mar/2004:16:10:02 -0800] "GET / HTTP/1.1" 200 6291'
  write('access.log', [`64.242.88.10 - - ${request}\n`, 'no such line\n', `64.242.88.11 - - ${request}\n`])
  await start(
    {
      filePattern: path('access.log'),
      kinesisStream: StreamName,
      partitionKeyOption: 'DETERMINISTIC',
      dataProcessingOptions: [{ optionName: 'LOGTOJSON', logFormat: 'COMMONAPACHELOG' }],
    },
    { 'kinesis.endpoint': hub.url, awsAccessKeyId: 'test', awsSecretAccessKey: 'test' },
  )
  const { Shards } = await kinesis.send(new ListShardsCommand({ StreamName }))
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: Shards![0].ShardId,
      ShardIteratorType: 'TRIM_HORIZON',
    }),
  )
  const records = async () =>
    (await kinesis.send(new GetRecordsCommand({ ShardIterator }))).Records!.map(({ Data, PartitionKey }) => ({
      line: Buffer.from(Data!).toString(),
      key: PartitionKey,
    }))
  await expect.poll(async () => (await records()).length, soon).toBe(2)
  for (const { line, key } of await records()) {
    expect(JSON.parse(line)).toMatchObject({
      host: expect.stringMatching(/^64/),
      response: '200',
      ident: null,
    })
    expect(key).toBe(createHash('md5').update(line).digest('hex'))
  }
}, 90_000)

test('lines wait for a stream that does not exist yet; a second agent is refused', async () => {
  const stream = `later-${Date.now()}`
  write('app.log', numbered(5))
  const flow = { filePattern: path('app.log'), deliveryStream: stream }
  await start(flow)
  await pause(2500)
  const second = await start(flow)
  let said = ''
  second.stderr!.on('data', (data: Buffer) => {
    said += data
  })
  const [code] = await once(second, 'exit')
  expect([code, said]).toEqual([1, expect.stringContaining('Another agent has the checkpoints')])
  await create({ DeliveryStreamName: stream })
  await expect.poll(() => linesIn(stream), soon).toEqual(numbered(5))
}, 90_000)
