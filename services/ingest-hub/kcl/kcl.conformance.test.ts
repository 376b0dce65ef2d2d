/**
 * The Kinesis Client Library, with its leases in DynamoDB Local, reads streams of the hub while they are
 * resharded and workers die.
 */
import { rmSync } from 'node:fs'
import {
  CreateStreamCommand,
  KinesisClient,
  ListShardsCommand,
  MergeShardsCommand,
  type Shard,
  SplitShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { temporaryFolder } from '@weir/stack/shared-servers.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Hub, prepare, startHub } from '../testing/hub.ts'
import { kinesisClient } from './libraries.ts'
import { KEYS, putNumbers, type Trouble } from './load.ts'
import { Readers } from './readers.ts'
import { type Application, BATCH, startWorker, type Worker } from './worker.ts'

/**
 * The maximum number of records that a subscription pushes at once
 * (services/ingest-hub/doors/kinesis/operations/fan-out.ts).
 */
const PUSHED_BATCH = 10_000

const folder = temporaryFolder()
let hub: Hub
let client: KinesisClient
let dynamodb: { url: string }

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry(), kinesisClient()])
  const backends = { brokers, registryUrl: url }
  const { stop } = await prepare(backends)
  await stop()
  ;[hub, dynamodb] = await Promise.all([
    startHub(backends, { KINESIS_THROTTLING: 'false' }),
    servers.dynamodb(),
  ])
  client = new KinesisClient({
    endpoint: hub.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  })
}, 600_000)
afterAll(async () => {
  client?.destroy()
  hub?.kill('SIGTERM')
  expect(await hub?.exited).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

test('polling workers lose nothing and keep the order through two splits, a merge and the death of a worker', {
  timeout: 300_000,
}, async () => {
  const {
    application: { stream },
    workers,
    readers,
    start,
    startTwo,
  } = await begin('polling')
  const trouble: Trouble = { refused: 0, repeated: 0 }
  // The next part is put when the readers have most of the previous one, so that they are always busy.
  const put = async (from: number, to: number): Promise<void> => {
    await readers.until((from - 10) * KEYS)
    await putNumbers(client, stream, from, to, trouble)
  }

  await startTwo()
  await put(0, 40)
  await Promise.all([put(40, 80), split(stream, 0)])
  await Promise.all([put(80, 120), split(stream, 1)])
  await readers.until(100 * KEYS)
  expect(workers.map(({ journal }) => journal.held.size)).not.toContain(0)
  await Promise.all([put(120, 160), merge(stream), killAtWork(workers[0])])
  await Promise.all([put(160, 200), start()])
  expect(trouble).toEqual({ refused: 0, repeated: 0 })

  const { records, repeats, restarts, problems } = await readers.untilAll(200 * KEYS, await shardsOf(stream))
  expect(problems).toEqual([])
  expect(records).toBe(200 * KEYS)
  expect(restarts).toBeGreaterThan(0)
  expect(repeats).toBeLessThanOrEqual(restarts * BATCH)
})

test('subscribing workers lose nothing and keep the order through a split', {
  timeout: 180_000,
}, async () => {
  const {
    application: { stream },
    readers,
    startTwo,
  } = await begin('fan-out')
  const trouble: Trouble = { refused: 0, repeated: 0 }
  await startTwo()
  await Promise.all([putNumbers(client, stream, 0, 20, trouble), split(stream, 0)])
  expect(trouble).toEqual({ refused: 0, repeated: 0 })

  const { records, repeats, restarts, problems } = await readers.untilAll(20 * KEYS, await shardsOf(stream))
  expect(problems).toEqual([])
  expect(records).toBe(20 * KEYS)
  expect(repeats).toBeLessThanOrEqual(restarts * PUSHED_BATCH)
})

interface Case {
  readonly application: Application
  readonly workers: Worker[]
  readonly readers: Readers
  start(): Promise<void>
  /** Starts two workers, which hold one lease each. */
  startTwo(): Promise<void>
}

/** Creates a stream of two shards, and an application whose workers end with the test. */
async function begin(mode: Application['mode']): Promise<Case> {
  const stream = uniqueName('kcl')
  await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 2 }))
  await active(stream)
  const application: Application = {
    kinesisUrl: hub.url,
    dynamodbUrl: dynamodb.url,
    stream,
    name: stream,
    mode,
    folder,
  }
  const workers: Worker[] = []
  onTestFinished(async () => void (await Promise.all(workers.map((worker) => worker.kill()))))
  const readers = new Readers(workers)
  const start = async (): Promise<void> =>
    void workers.push(await startWorker(application, `worker-${workers.length + 1}`))
  // Starts them one after the other: if two workers create the tables at the same moment, one gives up for
  // good (KCL 3.5.1).
  const startTwo = async (): Promise<void> => {
    await start()
    await readers.untilHolding([2])
    await start()
    await readers.untilHolding([1, 1])
  }
  return { application, workers, readers, start, startTwo }
}

const active = (stream: string): Promise<unknown> =>
  waitUntilStreamExists({ client, minDelay: 1, maxDelay: 1, maxWaitTime: 60 }, { StreamName: stream })

const shardsOf = async (stream: string): Promise<Shard[]> =>
  (await client.send(new ListShardsCommand({ StreamName: stream }))).Shards!

async function openShards(stream: string): Promise<Shard[]> {
  const open = (await shardsOf(stream)).filter(
    ({ SequenceNumberRange }) => SequenceNumberRange!.EndingSequenceNumber === undefined,
  )
  const start = ({ HashKeyRange }: Shard): bigint => BigInt(HashKeyRange!.StartingHashKey!)
  return open.sort((a, b) => (start(a) < start(b) ? -1 : 1))
}

/**
 * Splits, in the middle, the shard at `index` of the open ones by hash key. Resolves when the stream is
 * ACTIVE again.
 */
async function split(stream: string, index: number): Promise<void> {
  const { ShardId, HashKeyRange } = (await openShards(stream))[index]
  const middle = (BigInt(HashKeyRange!.StartingHashKey!) + BigInt(HashKeyRange!.EndingHashKey!)) / 2n
  await client.send(
    new SplitShardCommand({ StreamName: stream, ShardToSplit: ShardId, NewStartingHashKey: String(middle) }),
  )
  await active(stream)
}

/** Merges the first two open shards. */
async function merge(stream: string): Promise<void> {
  const [{ ShardId: left }, { ShardId: right }] = await openShards(stream)
  await client.send(
    new MergeShardsCommand({ StreamName: stream, ShardToMerge: left, AdjacentShardToMerge: right }),
  )
  await active(stream)
}

/** Sends SIGKILL between a batch and its checkpoint. */
async function killAtWork({ journal, kill }: Worker): Promise<void> {
  const before = journal.entries.length
  await expect
    .poll(
      () => {
        journal.read()
        return journal.entries.slice(before).some(({ kind }) => kind === 'record')
      },
      { timeout: 60_000, interval: 5 },
    )
    .toBe(true)
  await kill()
}
