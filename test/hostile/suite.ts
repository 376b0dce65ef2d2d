/**
 * Runs a table of attacks on a service, each by itself and all together. WEIR_HOSTILE=short runs each for a
 * moment.
 */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import type { Attack, Victim } from './attack.ts'
import { residentMb, served, type Target, type Watch, watch } from './target.ts'

const SECONDS = process.env.WEIR_HOSTILE === 'short' ? 3 : 20

export interface Bounds {
  /** Allowed growth over the idle value of the same process. */
  readonly growthMb: number
  /** The longest response time of `/livez` under one attack. */
  readonly livezMs: number
}

/**
 * @param module a module that exports the attacks as ATTACKS; each attack runs in its own thread, so that its
 * work does not delay the honest clients
 */
export function hostile<V extends Victim>(
  openTarget: () => Promise<Target<V>>,
  module: URL,
  attacks: readonly Attack<V>[],
  { growthMb: maxGrowthMb, livezMs }: Bounds,
): void {
  let target: Target<V>
  let idleMb = 0
  beforeAll(async () => {
    target = await openTarget()
    idleMb = residentMb(target.service.pid)
  })
  afterAll(() => target?.stop())
  beforeEach(() =>
    expect
      .poll(async () => (await fetch(`${target.service.url}/readyz`)).status, { timeout: 60_000 })
      .toBe(200),
  )

  const attack = async (chosen: readonly Attack<V>[]): Promise<{ found: Watch; growthMb: number }> => {
    const found = watch(target)
    await sleep(500)
    const names = chosen.map(({ name }) => name)
    const worker = new Worker(new URL('attacker.ts', import.meta.url), {
      workerData: { module: module.href, names, victim: await target.victim() },
    })
    await once(worker, 'online')
    await sleep(SECONDS * 1000)
    const over = once(worker, 'exit')
    worker.postMessage('end')
    await over
    await found.stop()
    const growthMb = found.maxMemory - idleMb
    console.log(
      `${chosen.length === 1 ? names[0] : 'all'}: +${growthMb.toFixed()} MB, livez ${found.longestLivez.toFixed()} ms, answers ${found.longestAnswer.toFixed()} ms, ${JSON.stringify([...found.answers])}`,
    )
    return { found, growthMb }
  }

  test.each(attacks)('honest clients are served while $name', async (one) => {
    const { found, growthMb } = await attack([one])
    expect(growthMb).toBeLessThan(one.growthMb ?? maxGrowthMb)
    expect(found.longestLivez).toBeLessThan(livezMs)
    if (one.known) expect(served(found)).toBeGreaterThan(0.9)
    else expect(served(found)).toBe(1)
  })

  test('most requests of honest clients are served during all attacks together', async () => {
    const { found, growthMb } = await attack(attacks)
    expect(growthMb).toBeLessThan(Math.max(maxGrowthMb, ...attacks.map((one) => one.growthMb ?? 0)))
    expect(served(found)).toBeGreaterThan(0.5)
  })
  test('the memory of requests is released after the attacks', async () => {
    const usedBytes = async (): Promise<number> =>
      Number(
        /^weir_request_memory_used_bytes (\d+)/m.exec(
          await (await fetch(`${target.service.url}/metrics`)).text(),
        )![1],
      )
    await expect.poll(usedBytes, { timeout: 30_000 }).toBeLessThan(100_000)
  })
}
