import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { BUCKET } from '@weir/stack/servers/objects.ts'
import { beforeAll, expect, onTestFinished, test } from 'vitest'
import { type ObjectStoreProcess, startObjects } from './objects.ts'
import { servers } from './servers.ts'

let store: ObjectStoreProcess
let s3: S3Client

const clientOf = (endpoint: string): S3Client =>
  new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    maxAttempts: 1,
    credentials: { accessKeyId: 'any', secretAccessKey: 'any' },
  })

const put = (Key: string, Body: string | Buffer) =>
  s3.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body }))

const bytesOf = async (Key: string): Promise<Buffer> => {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket: BUCKET, Key }))
  return Buffer.from(await Body!.transformToByteArray())
}

beforeAll(async () => {
  store = await startObjects()
  s3 = clientOf(store.url)
  return () => store.stop()
}, 300_000)

/** Addresses in /proc/net are hexadecimal, the bytes of each group of four in reverse. */
const LOOPBACK = ['0100007F', '0000000000000000FFFF00000100007F']

test.runIf(process.platform === 'linux')('the store listens on the loopback address only', () => {
  const fds = `/proc/${store.pid}/fd`
  const own = new Set(
    readdirSync(fds).map((fd) => /^socket:\[(\d+)\]$/.exec(readlinkSync(join(fds, fd)))?.[1]),
  )
  const addresses = ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/net/${table}`, 'utf8')
      .split('\n')
      .slice(1, -1)
      .map((line) => line.trim().split(/\s+/))
      .filter((columns) => columns[3] === '0A' && own.has(columns[9]))
      .map((columns) => columns[1]!.split(':')[0]),
  )
  expect(addresses.length).toBeGreaterThan(0)
  for (const address of addresses) expect(LOOPBACK).toContain(address)
})

test('pages of other origins cannot write', async () => {
  const headers = { origin: 'http://page.example', 'access-control-request-method': 'PUT' }
  const preflight = await fetch(`${store.url}/${BUCKET}/x`, { method: 'OPTIONS', headers })
  expect(preflight.status).toBe(403)
})

test('objects are there after a restart, with keys of any kind', async () => {
  const keys = ['2026/12/01/a.gz', 'a', 'a/b', 'new\nline', 'é \u{1f600}+%41', `${'x/'.repeat(511)}xy`]
  for (const key of keys) await put(key, `object ${key}`)
  await put('removed', '')
  await s3.send(new DeleteObjectCommand({ Bucket: BUCKET, Key: 'removed' }))
  await store.end()
  await store.restart()
  for (const key of keys) expect((await bytesOf(key)).toString()).toBe(`object ${key}`)
  await expect(bytesOf('removed')).rejects.toThrow(NoSuchKey)
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, EncodingType: 'url' }))
  expect(listed.Contents!.map(({ Key }) => decodeURIComponent(Key!.replaceAll('+', ' '))).sort()).toEqual(
    keys.sort(),
  )
}, 300_000)

test('what was acknowledged before kill -9 is there afterwards, and what was not is whole or missing', async () => {
  const body = Buffer.alloc(1 << 20, 'weir')
  const acknowledged: string[] = []
  let count = 0
  let killed = false
  const write = async (): Promise<void> => {
    while (!killed) {
      const key = `killed/${count++}`
      await put(key, body).then(
        () => acknowledged.push(key),
        () => {},
      )
    }
  }
  const writing = Promise.all([write(), write(), write(), write()])
  await expect.poll(() => acknowledged.length, { timeout: 60_000 }).toBeGreaterThan(20)
  await store.kill()
  killed = true
  await writing
  await store.restart()
  for (const key of acknowledged) expect((await bytesOf(key)).equals(body)).toBe(true)
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: 'killed/' }))
  for (const { Key } of Contents) expect((await bytesOf(Key!)).equals(body)).toBe(true)
}, 300_000)

test('the store takes an object of 128 MB', async () => {
  const body = Buffer.alloc(128 << 20, 'a large object ')
  await put('large', body)
  expect((await bytesOf('large')).equals(body)).toBe(true)
}, 120_000)

test('suites share a store', async () => {
  const { url } = await servers.objects()
  const shared = clientOf(url)
  onTestFinished(() => shared.destroy())
  expect((await shared.send(new ListObjectsV2Command({ Bucket: BUCKET, MaxKeys: 1 }))).Name).toBe(BUCKET)
}, 300_000)
