import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { topics } from '@weir/solutions'
import { servers } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'

const MAIN = fileURLToPath(new URL('main.ts', import.meta.url))

function run(env: Record<string, string>): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [MAIN],
      { env: { PATH: process.env.PATH, ...env } },
      (_, out, err) => done({ code: child.exitCode, out, err }),
    )
  })
}

let env: Record<string, string>
beforeAll(async () => {
  env = {
    KAFKA_BROKERS: (await servers.kafka()).brokers.join(','),
    REGISTRY_URL: (await servers.registry()).url,
    TOPIC_REPLICAS: '1',
  }
})

test('the job creates topics and registers contracts, and a second run changes nothing', async () => {
  expect(await run(env)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`contracts: ${Object.keys(topics).length} registered`),
    err: '',
  })
  expect((await run(env)).out).toContain('topics: 0 created, 0 changed')
})

test('the job shows its progress while it waits, and then reports the missing server in one sentence', async () => {
  const { code, out, err } = await run({ KAFKA_BROKERS: '127.0.0.1:9', APPLY_WAIT_SECONDS: '3' })
  expect(code).toBe(1)
  expect(out).toMatch(/^waiting for Kafka, \d+ s/)
  expect(err).toMatch(/^No connection .* check that a broker listens at KAFKA_BROKERS\n$/)
})

test('a wrong configuration has an exit code of its own', async () => {
  expect(await run({ TOPIC_REPLICAS: 'many' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('TOPIC_REPLICAS is "many"'),
  })
})
