/** AWS's client for Python against the hub. The checks are in checks/. */
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pythonWith } from '@weir/stack/python.ts'
import { servers, uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Hub, prepare, startHub } from '../testing/hub.ts'

/** Timeout for the tests of one module, which wait for streams most of the time (ms). */
const CHECK_MS = 115_000
const folder = mkdtempSync(join(tmpdir(), 'weir-boto3-'))
const prefix = uniqueName('rights')
const KEYS = {
  admin: {
    accessKeyId: 'AKIAADMINADMINADMIN1',
    secretAccessKey: 'only-for-tests-of-the-administrator',
    streams: ['*'],
  },
  writer: {
    accessKeyId: 'AKIAWRITERWRITERWR01',
    secretAccessKey: 'only-for-tests-of-the-writer',
    streams: [`${prefix}-orders`],
    actions: ['kinesis:Put*', 'firehose:Put*', 'firehose:List*'],
  },
  reader: {
    accessKeyId: 'AKIAREADERREADERRE01',
    secretAccessKey: 'only-for-tests-of-the-reader',
    rights: { kinesis: [`${prefix}-*`] },
    actions: ['kinesis:Get*', 'kinesis:Describe*', 'kinesis:List*'],
  },
}

let python: string
/** `open` admits everyone, `closed` only clients with an access key. */
let open: Hub
let closed: Hub

beforeAll(async () => {
  const [{ brokers }, { url }, found] = await Promise.all([
    servers.kafka(),
    servers.registry(),
    pythonWith('boto3', join(import.meta.dirname, 'requirements.txt')),
  ])
  python = found
  const backends = { brokers, registryUrl: url }
  const { stop } = await prepare(backends)
  await stop()
  const [accessKeys, apiKeys] = [join(folder, 'access-keys.json'), join(folder, 'api-keys.json')]
  writeFileSync(accessKeys, JSON.stringify(Object.values(KEYS)))
  writeFileSync(apiKeys, '[]')
  open = await startHub(backends, { KINESIS_THROTTLING: 'false' })
  closed = await startHub(backends, {
    ALLOW_ANONYMOUS: 'false',
    AWS_ACCESS_KEYS_FILE: accessKeys,
    API_KEYS_FILE: apiKeys,
  })
})
afterAll(async () => {
  for (const hub of [open, closed]) {
    hub?.kill('SIGTERM')
    expect(await hub?.exited).toBe(0)
  }
  rmSync(folder, { recursive: true, force: true })
})

test.concurrent.each(['streams', 'records', 'shards', 'consumers', 'rules', 'deliveries'])(
  'boto3 passes its checks of %s',
  { timeout: CHECK_MS + 5000 },
  (name) => check(name, open),
)

test('boto3 passes its checks of rights', { timeout: CHECK_MS + 5000 }, () => check('rights', closed))

/** Runs the tests of one Python module. If one fails, the error has the module's output. */
function check(name: string, hub: Hub): Promise<void> {
  return new Promise((done, fail) => {
    const env = {
      ...process.env,
      HUB_URL: hub.url,
      STREAM_PREFIX: prefix,
      ACCESS_KEYS: JSON.stringify(KEYS),
      PYTHONDONTWRITEBYTECODE: '1',
    }
    execFile(
      python,
      ['-m', 'unittest', '-v', name],
      { cwd: join(import.meta.dirname, 'checks'), env, timeout: CHECK_MS },
      (error, output, errors) => {
        if (error === null) done()
        else fail(new Error(`${name}.py failed:\n${output}${errors}`))
      },
    )
  })
}
