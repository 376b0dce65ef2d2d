import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import { running } from '../testing/environments.ts'
import type { EnvironmentOptions } from './options.ts'
import { openPool, type Pool } from './pool.ts'

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pool-')))
writeFileSync(
  join(directory, 'index.mjs'),
  `
  const id = crypto.randomUUID()
  let n = 0
  export const handler = async (event, context) => {
    if (event.exit) process.exit(1)
    if (event.later) setTimeout(() => process.exit(1), 10)
    await new Promise((resolve) => setTimeout(resolve, event.ms ?? 0))
    return { id, n: ++n, version: context.functionVersion }
  }`,
)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let pool: Pool
afterEach(() => pool.stop(0))

const environment = (version: string): EnvironmentOptions => ({
  functionName: 'taxis',
  functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:taxis',
  version,
  directory,
  handler: 'index.handler',
  environment: {},
  memoryMb: 128,
  timeoutMs: 5000,
  log: () => {},
})

interface Answer {
  /** Names the environment. */
  readonly id: string
  readonly n: number
  readonly version: string
}

async function invoke(event: unknown = {}): Promise<Answer> {
  return JSON.parse(
    (await pool.invoke(Buffer.from(JSON.stringify(event)), { requestId: 'r' })).payload.toString(),
  ) as Answer
}

const processes = (): number => running(directory)

test('invocations at once get environments of their own, those after them the same ones', async () => {
  pool = openPool({ environment: environment('1'), maximum: 3 })
  const [a, b] = await Promise.all([invoke({ ms: 30 }), invoke({ ms: 30 })])
  expect(a.id).not.toBe(b.id)
  expect(pool.counts()).toEqual({ idle: 2, busy: 0 })
  const again = await invoke()
  expect([a.id, b.id]).toContain(again.id)
  expect(again.n).toBe(2)
})

test('more than the maximum is throttled', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2 })
  const working = [invoke({ ms: 100 }), invoke({ ms: 100 })]
  await expect(invoke()).rejects.toMatchObject({
    name: 'Throttled',
    code: 'throttled',
    message: expect.stringContaining('is already running 2 times'),
  })
  await Promise.all(working)
  expect((await invoke()).n).toBe(2)
  pool.update({ environment: environment('1'), maximum: 0 })
  await expect(invoke()).rejects.toMatchObject({ code: 'throttled' })
})

test('new code takes over at once; what runs with the old one ends with it', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2 })
  await expect.poll(processes).toBe(0)
  const idle = await invoke()
  const one = processes()
  expect(one).toBeGreaterThan(0)
  const working = invoke({ ms: 150 })
  await pause(20)
  pool.update({ environment: environment('2'), maximum: 2 })
  const next = await invoke()
  expect(next.version).toBe('2')
  expect((await working).version).toBe('1')
  expect((await working).id).toBe(idle.id)
  await expect.poll(processes).toBe(one)
  expect((await invoke()).id).toBe(next.id)
})

test('an environment that ended, at work or idle, is replaced', async () => {
  pool = openPool({ environment: environment('1'), maximum: 1 })
  expect(await pool.invoke(Buffer.from('{"exit":true}'), { requestId: 'r' })).toMatchObject({
    ok: false,
    kind: 'exit',
  })
  expect(pool.counts()).toEqual({ idle: 0, busy: 0 })
  const { id } = await invoke({ later: true })
  await expect.poll(() => pool.counts().idle).toBe(0)
  expect((await invoke()).id).not.toBe(id)
})

test('idle environments end after a while', async () => {
  pool = openPool({ environment: environment('1'), maximum: 1, idleMs: 50 })
  await invoke()
  await expect.poll(() => pool.counts().idle).toBe(0)
  await expect.poll(processes).toBe(0)
})

test('the provisioned concurrency is started ahead, stays when idle, and follows changes', async () => {
  pool = openPool({ environment: environment('1'), maximum: 3, provisioned: 1, idleMs: 500 })
  expect(pool.counts()).toEqual({ idle: 1, busy: 0 })
  await Promise.all([invoke({ ms: 30 }), invoke({ ms: 30 })])
  expect(pool.counts().idle).toBe(2)
  await expect.poll(() => pool.counts().idle).toBe(1)
  const one = processes()
  await pause(700)
  expect(processes()).toBe(one)
  pool.update({ environment: environment('2'), maximum: 3, provisioned: 2 })
  expect(pool.counts().idle).toBe(2)
  expect((await invoke()).version).toBe('2')
  pool.update({ environment: environment('3'), maximum: 1, provisioned: 2 })
  expect(pool.counts().idle).toBe(1)
})

test('an environment of the provisioned concurrency that ends is replaced, after a pause', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2, provisioned: 1 })
  const { id } = await invoke({ later: true })
  await expect.poll(() => pool.counts().idle).toBe(0)
  expect(await pool.invoke(Buffer.from('{"exit":true}'), { requestId: 'r' })).toMatchObject({ kind: 'exit' })
  expect(pool.counts()).toEqual({ idle: 0, busy: 0 })
  await expect.poll(() => pool.counts().idle, { timeout: 5000 }).toBe(1)
  expect((await invoke()).id).not.toBe(id)
})

test('stop lets invocations end within its time, then kills', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2 })
  const short = invoke({ ms: 50 })
  const long = invoke({ ms: 60_000 })
  const rejected = expect(long).rejects.toMatchObject({ name: 'EnvironmentStopped' })
  const begun = performance.now()
  const stopping = pool.stop(1000)
  await expect(invoke()).rejects.toMatchObject({ name: 'PoolStopped' })
  expect((await short).n).toBe(1)
  await stopping
  await rejected
  expect(performance.now() - begun).toBeGreaterThan(990)
  expect(performance.now() - begun).toBeLessThan(4000)
  expect(pool.counts()).toEqual({ idle: 0, busy: 0 })
})

test('stop without work does not wait', async () => {
  pool = openPool({ environment: environment('1'), maximum: 1 })
  await invoke()
  const begun = performance.now()
  await pool.stop(60_000)
  expect(performance.now() - begun).toBeLessThan(10_000)
  await expect.poll(processes).toBe(0)
})
