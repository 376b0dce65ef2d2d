import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, afterEach, expect, test } from 'vitest'
import type { EnvironmentOptions } from './environment.ts'
import { openPool, type Pool } from './pool.ts'

const directory = realpathSync(mkdtempSync(join(tmpdir(), 'pool-')))
writeFileSync(join(directory, 'index.mjs'), `
  let n = 0
  export const handler = async (event, context) => {
    if (event.exit) process.exit(1)
    if (event.later) setTimeout(() => process.exit(1), 10)
    await new Promise((resolve) => setTimeout(resolve, event.ms ?? 0))
    return { pid: process.pid, n: ++n, version: context.functionVersion }
  }`)
afterAll(() => rmSync(directory, { recursive: true, force: true }))

let pool: Pool
afterEach(() => pool.stop(0))

const environment = (version: string): EnvironmentOptions => ({
  functionName: 'taxis', functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:taxis', version, directory, handler: 'index.handler',
  environment: {}, memoryMb: 128, timeoutMs: 5000, log: () => {},
})

interface Answer {
  readonly pid: number
  readonly n: number
  readonly version: string
}

async function invoke(event: unknown = {}): Promise<Answer> {
  return JSON.parse((await pool.invoke(Buffer.from(JSON.stringify(event)), { requestId: 'r' })).payload.toString()) as Answer
}

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

test('invocations at once get environments of their own, those after them the same ones', async () => {
  pool = openPool({ environment: environment('1'), maximum: 3 })
  const [a, b] = await Promise.all([invoke({ ms: 30 }), invoke({ ms: 30 })])
  expect(a.pid).not.toBe(b.pid)
  expect(pool.counts()).toEqual({ idle: 2, busy: 0 })
  const again = await invoke()
  expect([a.pid, b.pid]).toContain(again.pid)
  expect(again.n).toBe(2)
})

test('more than the maximum is throttled', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2 })
  const working = [invoke({ ms: 100 }), invoke({ ms: 100 })]
  await expect(invoke()).rejects.toMatchObject({ name: 'Throttled', code: 'throttled', message: expect.stringContaining('runs 2 times already') })
  await Promise.all(working)
  expect((await invoke()).n).toBe(2)
  pool.update({ environment: environment('1'), maximum: 0 })
  await expect(invoke()).rejects.toMatchObject({ code: 'throttled' })
})

test('new code takes over at once; what runs with the old one ends with it', async () => {
  pool = openPool({ environment: environment('1'), maximum: 2 })
  const idle = await invoke()
  const working = invoke({ ms: 150 })
  await pause(20)
  pool.update({ environment: environment('2'), maximum: 2 })
  const next = await invoke()
  expect(next.version).toBe('2')
  expect((await working).version).toBe('1')
  expect((await working).pid).toBe(idle.pid)
  await expect.poll(() => alive(idle.pid)).toBe(false)
  expect((await invoke()).pid).toBe(next.pid)
})

test('an environment that ended, at work or idle, is replaced', async () => {
  pool = openPool({ environment: environment('1'), maximum: 1 })
  expect(await pool.invoke(Buffer.from('{"exit":true}'), { requestId: 'r' })).toMatchObject({ ok: false, kind: 'exit' })
  expect(pool.counts()).toEqual({ idle: 0, busy: 0 })
  const { pid } = await invoke({ later: true })
  await expect.poll(() => pool.counts().idle).toBe(0)
  expect((await invoke()).pid).not.toBe(pid)
})

test('idle environments end after a while', async () => {
  pool = openPool({ environment: environment('1'), maximum: 1, idleMs: 50 })
  const { pid } = await invoke()
  await expect.poll(() => pool.counts().idle).toBe(0)
  await expect.poll(() => alive(pid)).toBe(false)
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
  const { pid } = await invoke()
  const begun = performance.now()
  await pool.stop(5000)
  expect(performance.now() - begun).toBeLessThan(500)
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
