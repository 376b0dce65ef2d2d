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

test('topics and contracts are in place afterwards, and a second run finds nothing to do', async () => {
  expect(await run(env)).toMatchObject({
    code: 0,
    out: expect.stringContaining(`contracts: ${Object.keys(topics).length} registered`),
    err: '',
  })
  expect((await run(env)).out).toContain('topics: 0 created, 0 changed')
})

test('it waits with progress, then says in one sentence what is missing', async () => {
  const { code, out, err } = await run({ KAFKA_BROKERS: '127.0.0.1:9', APPLY_WAIT_SECONDS: '3' })
  expect(code).toBe(1)
  expect(out).toMatch(/^waiting for Kafka, \d+ s/)
  expect(err).toMatch(/^No connection .* check that a broker listens at KAFKA_BROKERS\n$/)
})

test('a wrong configuration is distinguished from a failure', async () => {
  expect(await run({ TOPIC_REPLICAS: 'many' })).toMatchObject({
    code: 2,
    err: expect.stringContaining('TOPIC_REPLICAS is "many"'),
  })
})
