/**
 * Subscriptions end when their access keys lose the right. The hub notices when it reads the file of access
 * keys again.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CreateStreamCommand,
  KinesisClient,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  SubscribeToShardCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type Hub, prepare, startHub } from '../../testing/hub.ts'

interface Key {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly streams: readonly string[]
  readonly actions?: readonly string[]
  readonly expires?: string
}

const keyOf = (accessKeyId: string, changes: Partial<Key> = {}): Key => ({
  accessKeyId,
  secretAccessKey: `only-for-tests-of-${accessKeyId}`,
  streams: ['*'],
  ...changes,
})
const ADMIN = keyOf('AKIAADMIN')
/**
 * Each access key has its later entries in the file, and the error that ends its subscription. The error is
 * undefined if the subscription continues.
 */
const SUBSCRIBERS: Readonly<Record<string, readonly [after: readonly Key[], error: string | undefined]>> = {
  AKIAKEPT: [[keyOf('AKIAKEPT', { actions: ['kinesis:Subscribe*'] })], undefined],
  AKIAREMOVED: [[], 'UnrecognizedClientException'],
  AKIASTREAM: [[keyOf('AKIASTREAM', { streams: ['other'] })], 'AccessDeniedException'],
  AKIAACTION: [[keyOf('AKIAACTION', { actions: ['kinesis:Get*'] })], 'AccessDeniedException'],
  AKIAEXPIRED: [[keyOf('AKIAEXPIRED', { expires: '2020-01-01T00:00:00Z' })], 'ExpiredTokenException'],
  AKIASECRET: [
    [keyOf('AKIASECRET', { secretAccessKey: 'another-secret-of-this-key' })],
    'UnrecognizedClientException',
  ],
}

const folder = mkdtempSync(join(tmpdir(), 'weir-lasting-rights-'))
const [keys, apiKeys] = [join(folder, 'access-keys.json'), join(folder, 'api-keys.json')]
let hub: Hub

beforeAll(async () => {
  const [{ brokers }, { url }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl: url }
  const { stop } = await prepare(backends)
  await stop()
  writeFileSync(apiKeys, '[]')
  writeFileSync(keys, JSON.stringify([ADMIN, ...Object.keys(SUBSCRIBERS).map((id) => keyOf(id))]))
  hub = await startHub(backends, {
    ALLOW_ANONYMOUS: 'false',
    AWS_ACCESS_KEYS_FILE: keys,
    API_KEYS_FILE: apiKeys,
  })
})
afterAll(async () => {
  hub.kill('SIGTERM')
  expect(await hub.exited).toBe(0)
  rmSync(folder, { recursive: true, force: true })
})

test('a subscription ends when its access key is removed, expires or loses the right', async () => {
  const clientOf = ({ accessKeyId, secretAccessKey }: Key): KinesisClient => {
    const credentials = { accessKeyId, secretAccessKey }
    const client = new KinesisClient({ region: 'us-east-1', endpoint: hub.url, credentials })
    onTestFinished(() => client.destroy())
    return client
  }

  const admin = clientOf(ADMIN)
  const StreamName = uniqueName('lasting')
  const StreamARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${StreamName}`
  await admin.send(new CreateStreamCommand({ StreamName, ShardCount: 1 }))
  await waitUntilStreamExists({ client: admin, maxWaitTime: 60, minDelay: 0.1, maxDelay: 0.5 } as never, {
    StreamName,
  })
  const seen = new Map<string, string[]>()
  const ends = new Map<string, string>()
  for (const id of Object.keys(SUBSCRIBERS)) {
    const { Consumer } = await admin.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: id }))
    const { EventStream } = await clientOf(keyOf(id)).send(
      new SubscribeToShardCommand({
        ConsumerARN: Consumer!.ConsumerARN,
        ShardId: 'shardId-000000000000',
        StartingPosition: { Type: 'TRIM_HORIZON' },
      }),
    )
    const records: string[] = []
    seen.set(id, records)
    void (async () => {
      for await (const { SubscribeToShardEvent: event } of EventStream!) {
        records.push(...event!.Records!.map(({ Data }) => Buffer.from(Data!).toString()))
      }
    })().then(
      () => ends.set(id, 'ended'),
      (error: Error) => ends.set(id, error.name),
    )
  }
  const put = (text: string) =>
    admin.send(new PutRecordCommand({ StreamName, PartitionKey: 'k', Data: Buffer.from(text) }))
  await put('before')
  const all = Object.keys(SUBSCRIBERS).map(() => ['before'])
  await expect.poll(() => [...seen.values()], { timeout: 30_000 }).toEqual(all)

  writeFileSync(keys, JSON.stringify([ADMIN, ...Object.values(SUBSCRIBERS).flatMap(([after]) => after)]))
  const lost = Object.entries(SUBSCRIBERS).flatMap(([id, [, error]]) =>
    error === undefined ? [] : [[id, error]],
  )
  await expect.poll(() => [...ends].sort(), { timeout: 30_000 }).toEqual(lost.sort())
  await put('after')
  await expect.poll(() => seen.get('AKIAKEPT'), { timeout: 30_000 }).toEqual(['before', 'after'])
  for (const [id] of lost) expect(seen.get(id)).toEqual(['before'])
})
