/** A hub that only clients with keys may use, with TLS beside plain HTTP, and the honest clients whose service must not suffer. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand, GetShardIteratorCommand, KinesisClient, PutRecordCommand, PutRecordsCommand, waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { signatureHeaders } from '@weir/aws'
import { batch, prepare, report, startHub, TOPIC, type Hub } from '@weir/ingest-hub/testing/hub.ts'
import { servers, uniqueName } from '@weir/testkit'
import { makeCertificates } from '@weir/testkit/certificates.ts'

const REGION = 'us-east-1'
const key = (id: string) => ({ accessKeyId: id, secretAccessKey: `only-for-tests-of-${id}` })

export const HONEST = key('HONEST')
/** May do what it likes with its own stream. */
export const GREEDY = key('GREEDY')
export const GREEDY_API_KEY = 'only-for-tests-greedy'
const HONEST_API_KEY = 'only-for-tests-honest'

/** What attackers know. */
export interface Victim {
  readonly url: string
  readonly tlsPort: number
  /** Has some megabytes of records. */
  readonly stream: string
  /** Of the stream's beginning. */
  readonly iterator: string
}

export interface Target extends Omit<Victim, 'iterator'> {
  readonly hub: Hub
  iterator(): Promise<string>
  stop(): Promise<void>
}

/** Headers of a POST to the Kinesis door, signed by the greedy client. */
export function signedBy({ url }: Victim, operation: string, body: string): Readonly<Record<string, string>> {
  const headers = { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` }
  return signatureHeaders({ method: 'POST', url: new URL(url), body, headers }, GREEDY, REGION, 'kinesis')
}

export async function openTarget(): Promise<Target> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hostile-'))
  const [{ brokers }, { url: registryUrl }, { keyFile }] = await Promise.all([servers.kafka(), servers.registry(), makeCertificates(folder)])
  const backends = { brokers, registryUrl }
  await (await prepare(backends)).stop()
  const stream = uniqueName('hostile')
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value))
    return join(folder, name)
  }
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const hub = await startHub(backends, {
    ALLOW_ANONYMOUS: 'false', KINESIS_THROTTLING: 'false', HTTPS_PORT: '0', TLS_CERT_FILE: keyFile, TLS_KEY_FILE: keyFile,
    AWS_ACCESS_KEYS_FILE: write('access-keys.json', [{ ...HONEST, streams: ['*'] }, { ...GREEDY, streams: [stream] }]),
    API_KEYS_FILE: write('api-keys.json', [
      { name: 'honest', sha256: sha256(HONEST_API_KEY), topics: ['*'] }, { name: 'greedy', sha256: sha256(GREEDY_API_KEY), topics: ['*'] },
    ]),
  })
  const { url } = hub
  let tls: RegExpExecArray | null = null
  while (tls === null) {
    await sleep(50)
    tls = /TLS at port (\d+)/.exec(JSON.stringify(hub.logs()))
  }
  const tlsPort = Number(tls[1])
  const client = clientFor(url, HONEST)
  await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }))
  await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { StreamName: stream })
  for (let i = 0; i < 16; i++) {
    await client.send(new PutRecordsCommand({ StreamName: stream, Records: [{ Data: Buffer.alloc(900_000, i), PartitionKey: 'k' }] }))
  }
  return {
    hub, url, tlsPort, stream,
    iterator: async () => {
      const from = { StreamName: stream, ShardId: 'shardId-000000000000', ShardIteratorType: 'TRIM_HORIZON' } as const
      return (await client.send(new GetShardIteratorCommand(from))).ShardIterator!
    },
    stop: async () => {
      client.destroy()
      hub.kill('SIGTERM')
      await hub.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function clientFor(url: string, credentials: typeof HONEST): KinesisClient {
  return new KinesisClient({ endpoint: url, region: REGION, credentials, maxAttempts: 1 })
}

/** What the honest clients met, and how large the hub became. */
export interface Watch {
  readonly answers: Map<string, number>
  /** Ms. */
  longestLivez: number
  longestAnswer: number
  /** MB. */
  mostMemory: number
  stop(): Promise<void>
}

/** Puts and reads by all doors a few times a second until it is stopped. */
export function watch({ hub, url, stream }: Target): Watch {
  const client = clientFor(url, HONEST)
  let stopped = false
  const found: Watch = { answers: new Map(), longestLivez: 0, longestAnswer: 0, mostMemory: residentMb(hub.pid), stop: async () => { stopped = true; await done; client.destroy() } }
  const note = async (what: string, ask: () => Promise<unknown>): Promise<void> => {
    const from = performance.now()
    const said = await ask().then((answer) => String(answer), (error: Error) => error.name)
    found.longestAnswer = Math.max(found.longestAnswer, performance.now() - from)
    found.answers.set(`${what} ${said}`, (found.answers.get(`${what} ${said}`) ?? 0) + 1)
  }
  const each = async (ms: number, act: () => Promise<void>): Promise<void> => {
    for (; !stopped; await sleep(ms)) await act()
  }
  const post = (): Promise<number> => fetch(`${hub.url}/v1/topics/${TOPIC}/records`, {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-api-key': HONEST_API_KEY }, body: batch([{ value: report() }]),
  }).then(async (response) => { await response.text(); return response.status })
  const done = Promise.all([
    each(200, () => note('put', () => client.send(new PutRecordCommand({ StreamName: stream, Data: Buffer.from('x'), PartitionKey: 'k' })).then(() => 'ok'))),
    each(200, () => note('post', post)),
    each(100, async () => {
      const from = performance.now()
      await fetch(`${hub.url}/livez`).then((response) => response.text()).catch((error: Error) => found.answers.set(`livez ${error.name}`, 1))
      found.longestLivez = Math.max(found.longestLivez, performance.now() - from)
    }),
    each(30, async () => { found.mostMemory = Math.max(found.mostMemory, residentMb(hub.pid)) }),
  ])
  return found
}

/** Resident memory (man 5 proc, VmRSS). */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000
}
