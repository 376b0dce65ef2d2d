/** `weir objects` against a real object store, with keys and objects of people who mean harm. */
import { gzipSync } from 'node:zlib'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { servers, uniqueName } from '@weir/testkit'
import { startAws } from '@weir/testkit/aws.ts'
import { afterEach, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { objects } from './objects.ts'

const bucket = uniqueName('objects-command').toLowerCase()
const printed = captureOutput()
const HOSTILE = ['line\nbreak', 'red\u001b[31m', 'sp ace+%41', 'é 🚕', `${'x/'.repeat(511)}xy`]
const MIB = 2 ** 20
let s3: S3Client

const put = (Key: string, Body: string | Buffer) =>
  s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body }))
const onTerminal = (isTerminal: boolean): void => {
  process.stdout.isTTY = isTerminal
}

beforeAll(async () => {
  const { url } = await servers.objects()
  vi.stubEnv('AWS_ENDPOINT_URL_S3', url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'any')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'any')
  s3 = new S3Client({ region: 'us-east-1', forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: bucket }))
  for (const key of HOSTILE) await put(`hostile/${key}`.slice(0, 1024), 'x')
  for (let i = 0; i < 25; i++) await put(`many/${String(i).padStart(3, '0')}`, 'x'.repeat(i))
  await put('text.gz', gzipSync(Array.from({ length: 30 }, (_, i) => `line ${i}\n`).join('')))
  await put('colours', 'a\u001b[31mred\nb\u0007\n')
  await put('not.gz', 'no gzip')
  const member = gzipSync(Buffer.alloc(64 * MIB))
  await put('bomb.gz', Buffer.concat(Array.from({ length: 64 }, () => member)))
  return () => s3.destroy()
}, 300_000)

afterEach(() => onTerminal(false))

test('objects are listed, and keys cannot move the cursor', async () => {
  expect(await objects.run(['ls', `s3://${bucket}/hostile/`])).toBe(0)
  for (const shown of ['hostile/line\\x0abreak', 'hostile/red\\x1b[31m', 'sp ace+%41', 'é 🚕', 'x/x/x/x'])
    expect(printed.out).toContain(shown)
  expect(printed.out.trimEnd().split('\n').length).toBe(1 + HOSTILE.length)
  printed.out = ''
  expect(await objects.run(['ls', `s3://${bucket}/hostile/`, '--json'])).toBe(0)
  const keys = printed.out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).key)
  expect(keys.sort()).toEqual(HOSTILE.map((key) => `hostile/${key}`.slice(0, 1024)).sort())
})

test('a list is bounded, and says how to go on', async () => {
  expect(await objects.run(['ls', `s3://${bucket}/many/`, '--limit', '10'])).toBe(0)
  expect(printed.out).toMatch(/^BYTES {2}AGE.*KEY\n/)
  expect(printed.out).toContain('many/009\n')
  expect(printed.out).not.toContain('many/010')
  expect(printed.said).toBe('There are more: raise --limit, or go on with --after "many/009".\n')
  printed.out = printed.said = ''
  expect(await objects.run(['ls', `s3://${bucket}/many/`, '--after', 'many/009'])).toBe(0)
  expect(printed.out.trimEnd().split('\n').length).toBe(1 + 15)
  expect(printed.said).toBe('')
})

test('objects are inflated and printed, whole or their first lines', async () => {
  expect(await objects.run(['cat', `s3://${bucket}/text.gz`])).toBe(0)
  expect(printed.out.split('\n').length).toBe(31)
  printed.out = ''
  expect(await objects.run(['head', '-n', '3', `s3://${bucket}/text.gz`])).toBe(0)
  expect(printed.out).toBe('line 0\nline 1\nline 2\n')
})

test('on a terminal control characters are shown; in a pipe bytes stay as they are', async () => {
  await objects.run(['cat', `s3://${bucket}/colours`])
  expect(printed.out).toBe('a\u001b[31mred\nb\u0007\n')
  printed.out = ''
  onTerminal(true)
  await objects.run(['cat', `s3://${bucket}/colours`])
  expect(printed.out).toBe('a\\x1b[31mred\nb\\x07\n')
})

test('4 GiB in a small object are cut at the limit', async () => {
  expect(await objects.run(['cat', `s3://${bucket}/bomb.gz`, '--max-mb', '8'])).toBe(1)
  expect(printed.out.length).toBe(8 * MIB)
  expect(printed.said).toBe('weir objects: The output ends after 8 MiB; --max-mb allows more.\n')
  printed.out = printed.said = ''
  expect(await objects.run(['head', `s3://${bucket}/bomb.gz`, '--max-mb', '8'])).toBe(1)
  expect(printed.out.length).toBe(8 * MIB)
})

test('errors say what is wrong and what there is', async () => {
  const said = async (...args: string[]): Promise<[number, string]> => {
    printed.said = ''
    return [await objects.run(args), printed.said]
  }
  expect(await said('cat', `s3://${bucket}/not.gz`)).toEqual([
    1,
    expect.stringContaining(`s3://${bucket}/not.gz is not valid gzip`),
  ])
  expect(await said('cat', `s3://${bucket}/gone\u001b`)).toEqual([
    1,
    `weir objects: There is no object s3://${bucket}/gone\\x1b; see \`weir objects ls\`.\n`,
  ])
  expect(await said('ls', 'weir/a')).toEqual([2, expect.stringContaining('must be s3://BUCKET/KEY')])
  expect(await said('cat', `s3://${bucket}/${'k'.repeat(1025)}`)).toEqual([
    2,
    expect.stringContaining('The key has 1025 bytes; it has at most 1024.'),
  ])
  vi.stubEnv('AWS_ENDPOINT_URL_S3', 'http://127.0.0.1:9')
  expect(await said('ls')).toEqual([4, expect.stringContaining('does not answer')])
})

test('buckets are listed, also when the one that was asked for is missing', async () => {
  const aws = await startAws()
  onTestFinished(() => aws.stop())
  vi.stubEnv('AWS_ENDPOINT_URL_S3', aws.url)
  for (const name of ['clicks', 'orders'])
    await new S3Client({ region: 'us-east-1', forcePathStyle: true }).send(
      new CreateBucketCommand({ Bucket: name }),
    )
  expect(await objects.run(['ls'])).toBe(0)
  expect(printed.out).toMatch(/^AGE +BUCKET\n.+ {2}clicks\n.+ {2}orders\n$/)
  expect(await objects.run(['ls', 's3://click/'])).toBe(1)
  expect(printed.said).toBe(
    'weir objects: There is no bucket click. Did you mean clicks? There are clicks, orders.\n',
  )
})

test('the store has room for many buckets, whatever the size of the disk', async () => {
  for (let i = 0; i < 40; i++) {
    const Bucket = `${bucket}-${i}`
    await s3.send(new CreateBucketCommand({ Bucket }))
    const { ETag } = await s3.send(new PutObjectCommand({ Bucket, Key: 'one', Body: 'x' }))
    expect(ETag).toMatch(/^"[0-9a-f]{32}"$/)
  }
}, 60_000)
