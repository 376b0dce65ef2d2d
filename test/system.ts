/**
 * The whole of Weir as `weir up` runs it, in its own data folder and on its own ports, for end-to-end tests:
 * replay, kill, count.
 */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import type { Server, Service } from '@weir/contracts/services.ts'
import { headerOf, kafkaConfig, openKafka } from '@weir/kafka'
import { topics } from '@weir/solutions'
import { PORTS } from '@weir/stack/config.ts'
import { tieProcess } from '@weir/stack/lifeline.ts'
import { freePorts } from '@weir/stack/ports.ts'
import type { StackState } from '@weir/stack/state.ts'

export type Part = Server | Service

export interface Replayed {
  readonly code: number | null
  readonly output: string
}

export interface Enriched {
  readonly id: string
  readonly key: string
  readonly eventTime: number
}

export class System {
  readonly env: NodeJS.ProcessEnv
  readonly #folder: string
  #supervisor: ReturnType<typeof spawn> | undefined
  #output = ''

  private constructor(folder: string, env: NodeJS.ProcessEnv) {
    this.#folder = folder
    this.env = env
  }

  static async start(settings: Readonly<Record<string, string>> = {}): Promise<System> {
    const folder = await mkdtemp(join(tmpdir(), 'weir-system-'))
    await chmod(folder, 0o755) // The search engine runs as another user if we are root.
    const variables = Object.values(PORTS).map(([variable]) => variable)
    const ports = await freePorts(variables.length)
    const named = variables.map((variable, i) => [variable, String(ports[i])])
    const system = new System(folder, {
      ...process.env,
      ...Object.fromEntries(named),
      WEIR_DATA: folder,
      LOG_LEVEL: 'info',
      ...settings,
    })
    await system.up()
    return system
  }

  /** Starts everything again on the same data. */
  async up(settings: Readonly<Record<string, string>> = {}): Promise<void> {
    Object.assign(this.env, settings)
    this.#output = ''
    const child = (this.#supervisor = spawn(
      process.execPath,
      ['tools/weir/main.ts', 'up', '--attach', '--no-simulator'],
      { env: this.env, stdio: ['ignore', 'pipe', 'pipe'] },
    ))
    tieProcess(child.pid!)
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => {
        this.#output += data
      })
    while (!this.#output.includes('Ready in')) {
      if (child.exitCode !== null) throw new Error(`weir up ended with ${child.exitCode}:\n${this.#output}`)
      await pause(100)
    }
  }

  /** Stops everything in order; returns the supervisor's exit code. */
  async down(): Promise<number | null> {
    const child = this.#supervisor
    if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
    return child.exitCode
  }

  async stop(): Promise<void> {
    await this.down()
    await rm(this.#folder, { recursive: true, force: true })
  }

  /** The supervisor's output so far, restarts included. */
  get output(): string {
    return this.#output
  }

  async state(): Promise<StackState> {
    return JSON.parse(await readFile(join(this.#folder, 'stack.json'), 'utf8'))
  }

  async kill(part: Part): Promise<void> {
    const found = (await this.state()).processes.find(({ name }) => name === part)
    if (found === undefined) throw new Error(`${part} does not run, so it cannot be killed.`)
    process.kill(found.pid, 'SIGKILL')
  }

  /** Kills a part as soon as the supervisor has restarted it, `times` times in all. */
  async killAgainAndAgain(
    part: Part,
    times: number,
    everyMs: number,
    while_: () => boolean,
  ): Promise<number> {
    let kills = 0
    while (kills < times && while_()) {
      const running = (await this.state()).processes.some(({ name }) => name === part)
      if (running) {
        await this.kill(part)
        kills++
      }
      await pause(running ? everyMs : 250)
    }
    return kills
  }

  weir(...args: string[]): Promise<Replayed> {
    const child = spawn(process.execPath, ['tools/weir/main.ts', ...args], {
      env: this.env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', (data: Buffer) => {
        output += data
      })
    return once(child, 'exit').then(([code]) => ({ code, output }))
  }

  /** Returns the number of documents of the source, once there are `expected`, or when time is up. */
  async indexed(source: string, expected: number, patienceMs = 120_000): Promise<number> {
    let count = -1
    for (const deadline = Date.now() + patienceMs; Date.now() < deadline; await pause(500)) {
      const body = JSON.stringify({ query: { term: { source } } })
      const answer = await fetch(`http://127.0.0.1:${this.env.SEARCH_PORT}/taxi-enriched-*/_count`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      }).catch(() => undefined)
      count = answer?.ok ? ((await answer.json()) as { count: number }).count : count
      if (count >= expected) break
    }
    // Waits for one more refresh of the index, in which a surplus document would appear.
    await pause(1500)
    const body = JSON.stringify({ query: { term: { source } } })
    const answer = await fetch(`http://127.0.0.1:${this.env.SEARCH_PORT}/taxi-enriched-*/_count`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })
    return ((await answer.json()) as { count: number }).count
  }

  /**
   * Returns the records of the source that a read_committed reader sees in taxi.enriched, in order per
   * partition.
   */
  async enriched(source: string): Promise<Enriched[]> {
    const config = readConfig(
      { KAFKA_BROKERS: `127.0.0.1:${this.env.KAFKA_PORT}`, KAFKA_DRIVER: 'platformatic' },
      kafkaConfig,
    )
    const { value: kafka, stop } = await openKafka(config)
    const { value: codec } = await openCodec({
      topics,
      url: `http://127.0.0.1:${this.env.REGISTRY_PORT}/apis/ccompat/v7`,
    })
    const reader = await codec.reader('taxi.enriched')
    const records: Enriched[] = []
    const reading = await kafka.read(
      { topics: ['taxi.enriched'], from: 'earliest', until: 'end' },
      async (batch) => {
        await reader.prepare(batch)
        for (let i = 0; i < batch.length; i++) {
          if (headerOf(batch, i, 'weir-source')?.toString() !== source) continue
          const { deviceId, eventTime } = reader.decode(batch.bytes, batch.valueStart[i], batch.valueEnd[i])
          records.push({ id: headerOf(batch, i, 'weir-id')!.toString(), key: deviceId, eventTime })
        }
      },
    )
    await reading.done
    await stop()
    return records
  }
}

/** Counts the records beyond the first with the same id. */
export const repeated = (records: readonly Enriched[]): number =>
  records.length - new Set(records.map(({ id }) => id)).size

/**
 * Counts the records that came after a later one of the same vehicle; each id counts at its first occurrence.
 */
export function inversions(records: readonly Enriched[]): number {
  const seen = new Set<string>()
  const latest = new Map<string, number>()
  let count = 0
  for (const { id, key, eventTime } of records) {
    if (seen.has(id)) continue
    seen.add(id)
    if (eventTime < (latest.get(key) ?? -Infinity)) count++
    latest.set(key, Math.max(eventTime, latest.get(key) ?? -Infinity))
  }
  return count
}
