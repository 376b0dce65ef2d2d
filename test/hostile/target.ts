/** A service that only clients with keys may use, and the honest clients whose service must not degrade. */
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import type { Victim } from './attack.ts'

export const REGION = 'us-east-1'
const key = (id: string) => ({ accessKeyId: id, secretAccessKey: `only-for-tests-of-${id}` })

export const HONEST = key('HONEST')
/** A client with full rights to its own resources. */
export const GREEDY = key('GREEDY')
export const GREEDY_API_KEY = 'only-for-tests-greedy'
export const HONEST_API_KEY = 'only-for-tests-honest'

export interface Target<V extends Victim> {
  readonly service: ServiceProcess
  victim(): Promise<V>
  /** Requests of honest clients by name; each resolves to 'ok', or to the message that it got instead. */
  readonly honest: Readonly<Record<string, () => Promise<string>>>
  stop(): Promise<void>
}

/** Returns the variables of a service that refuses requests without a key, and the folder with its files. */
export function guarded(greedy: object): {
  readonly env: Readonly<Record<string, string>>
  readonly folder: string
} {
  const folder = mkdtempSync(join(tmpdir(), 'weir-hostile-'))
  const write = (name: string, value: unknown): string => {
    writeFileSync(join(folder, name), JSON.stringify(value))
    return join(folder, name)
  }
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
  const env = {
    ALLOW_ANONYMOUS: 'false',
    AWS_ACCESS_KEYS_FILE: write('access-keys.json', [
      { ...HONEST, streams: ['*'], functions: ['*'] },
      { ...GREEDY, ...greedy },
    ]),
    API_KEYS_FILE: write('api-keys.json', [
      { name: 'honest', sha256: sha256(HONEST_API_KEY), topics: ['*'] },
      { name: 'greedy', sha256: sha256(GREEDY_API_KEY), topics: ['*'] },
    ]),
  }
  return { env, folder }
}

/** The responses that the honest clients got, and the service's peak memory. */
export interface Watch {
  readonly answers: Map<string, number>
  /** Ms. */
  longestLivez: number
  longestAnswer: number
  /** MB. */
  maxMemory: number
  stop(): Promise<void>
}

/** Lets each honest client send a few requests per second until it is stopped. */
export function watch({ service: { url, pid }, honest }: Target<Victim>): Watch {
  let stopped = false
  const found: Watch = {
    answers: new Map(),
    longestLivez: 0,
    longestAnswer: 0,
    maxMemory: residentMb(pid),
    stop: async () => {
      stopped = true
      await done
    },
  }
  const note = (answer: string): void => {
    found.answers.set(answer, (found.answers.get(answer) ?? 0) + 1)
  }
  const each = async (ms: number, act: () => Promise<void>): Promise<void> => {
    for (; !stopped; await sleep(ms)) await act()
  }
  const done = Promise.all([
    ...Object.entries(honest).map(([name, ask]) =>
      each(200, async () => {
        const from = performance.now()
        note(`${name} ${await ask().catch((error: Error) => error.name)}`)
        found.longestAnswer = Math.max(found.longestAnswer, performance.now() - from)
      }),
    ),
    each(100, async () => {
      const from = performance.now()
      await fetch(`${url}/livez`)
        .then((response) => response.text())
        .catch((error: Error) => note(`livez ${error.name}`))
      found.longestLivez = Math.max(found.longestLivez, performance.now() - from)
    }),
    each(30, async () => {
      found.maxMemory = Math.max(found.maxMemory, residentMb(pid))
    }),
  ])
  return found
}

/** Returns the share of the honest requests that were served. */
export function served({ answers }: Watch): number {
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0)
  const ok = [...answers].reduce((sum, [answer, count]) => sum + (answer.endsWith(' ok') ? count : 0), 0)
  return ok / total
}

/** Returns the resident memory in MB (man 5 proc, VmRSS). */
export function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1000
}
