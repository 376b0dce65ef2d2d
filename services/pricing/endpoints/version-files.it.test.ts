/** Versions in a folder and in a bucket, on moto's server. */
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { tieFolder } from '@weir/stack/lifeline.ts'
import { startAws } from '@weir/testkit/aws.ts'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { MAX_CARD_BYTES } from '../models/card.ts'
import { WIDTH, writeVersion } from '../testing/models.ts'
import { meanModel } from '../testing/onnx.ts'
import { openVersionFiles } from './version-files.ts'

let aws: Awaited<ReturnType<typeof startAws>>
const folder = mkdtempSync(join(tmpdir(), 'weir-models-'))
const file = meanModel(WIDTH)

beforeAll(async () => {
  aws = await startAws()
  vi.stubEnv('AWS_ENDPOINT_URL_S3', aws.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  const s3 = new S3Client({ endpoint: aws.url, region: 'us-east-1', forcePathStyle: true })
  await s3.send(new CreateBucketCommand({ Bucket: 'models' }))
  for (const [Key, Body] of [
    ['live/demand/1/model.onnx', file],
    ['live/demand/1/card.json', Buffer.from('{}')],
    ['live/demand/2/card.json', Buffer.alloc(MAX_CARD_BYTES + 1)],
  ] as const)
    await s3.send(new PutObjectCommand({ Bucket: 'models', Key, Body }))
  s3.destroy()
  writeVersion(folder, 'demand', '1', file)
  tieFolder(folder)
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await aws?.stop()
})

test('files are read from a bucket, bounded', async () => {
  for (const place of ['s3://models/live', 's3://models/live/']) {
    const files = openVersionFiles(place, 'us-east-1')
    expect((await files.model('demand', '1')).equals(file)).toBe(true)
    expect((await files.card('demand', '1')).toString()).toBe('{}')
  }
  const files = openVersionFiles('s3://models/live', 'us-east-1')
  await expect(files.model('demand', '2')).rejects.toThrow(
    'There is no file s3://models/live/demand/2/model.onnx.',
  )
  await expect(files.card('demand', '2')).rejects.toThrow(
    `s3://models/live/demand/2/card.json cannot be read: it has more than ${MAX_CARD_BYTES} bytes.`,
  )
  await expect(openVersionFiles('s3://nothing', 'us-east-1').card('demand', '1')).rejects.toThrow(
    's3://nothing/demand/1/card.json cannot be read: The specified bucket does not exist.',
  )
})

test('files are read from a folder or a file URL', async () => {
  for (const place of [folder, pathToFileURL(folder).href])
    expect((await openVersionFiles(place, 'us-east-1').model('demand', '1')).equals(file)).toBe(true)
  const files = openVersionFiles(folder, 'us-east-1')
  await expect(files.card('demand', '2')).rejects.toThrow(`There is no file ${folder}/demand/2/card.json.`)
  mkdirSync(join(folder, 'demand/3/card.json'), { recursive: true })
  await expect(files.card('demand', '3')).rejects.toThrow('card.json is not a file.')
})
