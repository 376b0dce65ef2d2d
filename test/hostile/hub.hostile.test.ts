/** Attacks on the hub, each by itself and all together. WEIR_HOSTILE=short tries each for a moment. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { ATTACKS, type Attack } from './attacks.ts'
import { openTarget, residentMb, watch, type Target, type Watch } from './target.ts'

const SECONDS = process.env.WEIR_HOSTILE === 'short' ? 3 : 20
/** Over the idle value of the same process: the chart gives the hub 512 MiB, of which it needs about 120 by itself. */
const MAX_GROWTH_MB = 128

let target: Target
let idleMb = 0
beforeAll(async () => {
  target = await openTarget()
  idleMb = residentMb(target.hub.pid)
})
afterAll(() => target?.stop())
beforeEach(() => expect.poll(async () => (await fetch(`${target.hub.url}/readyz`)).status, { timeout: 60_000 }).toBe(200))

/** In a thread of its own, so that its work does not hold up the honest clients. */
async function startAttack(attacks: readonly Attack[]): Promise<Worker> {
  const { url, tlsPort, stream } = target
  const victim = { url, tlsPort, stream, iterator: await target.iterator() }
  return new Worker(new URL('attacker.ts', import.meta.url), { workerData: { names: attacks.map(({ name }) => name), victim } })
}

async function attack(attacks: readonly Attack[]): Promise<{ found: Watch, growthMb: number }> {
  const found = watch(target)
  await sleep(500)
  const worker = await startAttack(attacks)
  await once(worker, 'online')
  await sleep(SECONDS * 1000)
  const over = once(worker, 'exit')
  worker.postMessage('end')
  await over
  await found.stop()
  const growthMb = found.mostMemory - idleMb
  console.log(`${attacks.length === 1 ? attacks[0].name : 'all'}: +${growthMb.toFixed()} MB, livez ${found.longestLivez.toFixed()} ms, answers ${found.longestAnswer.toFixed()} ms, ${JSON.stringify([...found.answers])}`)
  return { found, growthMb }
}

/** Part of the honest requests that were answered with a success. */
function served({ answers }: Watch): number {
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0)
  return ((answers.get('put ok') ?? 0) + (answers.get('post 200') ?? 0)) / total
}

test.each(ATTACKS)('$name', async (one) => {
  const { found, growthMb } = await attack([one])
  expect(growthMb).toBeLessThan(MAX_GROWTH_MB)
  if (one.known) expect(served(found)).toBeGreaterThan(0.9)
  else expect(served(found)).toBe(1)
})

test('all of them together', async () => {
  const { found, growthMb } = await attack(ATTACKS)
  expect(growthMb).toBeLessThan(MAX_GROWTH_MB)
  expect(served(found)).toBeGreaterThan(0.5)
})

test('afterwards its memory is free again', async () => {
  await expect.poll(async () => Number(/^weir_hub_memory_used_bytes (\d+)/m.exec(await (await fetch(`${target.hub.url}/metrics`)).text())![1]), { timeout: 30_000 }).toBeLessThan(100_000)
})
