/** Functions written for a test, run by a process that can be killed. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { tieProcess } from '@weir/stack/lifeline.ts'
import type { Mapping } from '../mappings/mapping.ts'
import { DEFAULT_SETTINGS, type DeliverySettings } from '../mappings/settings.ts'
import type { FunctionServiceOptions } from '../open.ts'
import type { FunctionDefinition } from '../solutions.ts'

export interface HostOptions {
  readonly brokers: readonly string[]
  readonly registryUrl: string
  readonly definitions: readonly FunctionDefinition[]
  readonly mappings: readonly Mapping[]
  readonly asyncOptions?: FunctionServiceOptions['asyncOptions']
  /** Whether it processes delivery streams; false if not given. */
  readonly deliveries?: boolean
  readonly folder: string
}

/** @param code the content of index.mjs, which exports `handler` */
export function functionOf(
  name: string,
  code: string,
  changes: Partial<FunctionDefinition> = {},
): FunctionDefinition {
  const directory = mkdtempSync(join(tmpdir(), 'weir-function-'))
  writeFileSync(join(directory, 'index.mjs'), code)
  return {
    name,
    directory,
    handler: 'index.handler',
    memoryMb: 256,
    timeoutMs: 5000,
    concurrency: 10,
    environment: {},
    ...changes,
  }
}

export function mappingOf(
  id: string,
  functionName: string,
  source: Mapping['source'],
  settings: Partial<DeliverySettings> = {},
  changes: Partial<Mapping> = {},
): Mapping {
  return {
    id,
    functionName,
    source,
    groupId: `weir.mapping.${id}`,
    enabled: true,
    start: 'TRIM_HORIZON',
    settings: { ...DEFAULT_SETTINGS, ...settings },
    filters: undefined,
    onFailure: undefined,
    output: undefined,
    decode: false,
    ...changes,
  }
}

export interface Host {
  /** Lines that it logged. */
  readonly lines: string[]
  kill(): Promise<void>
  /** Resolves to its exit code. */
  stop(): Promise<number | null>
}

export async function startHost(options: Omit<HostOptions, 'folder'>): Promise<Host> {
  const HOST = JSON.stringify({ ...options, folder: mkdtempSync(join(tmpdir(), 'weir-deployed-')) })
  const child = spawn(process.execPath, [`${import.meta.dirname}/host.ts`], {
    env: { ...process.env, HOST, LOG_LEVEL: 'debug' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  tieProcess(child.pid!)
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const lines: string[] = []
  const ready = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') ready.resolve()
    else lines.push(line)
  })
  void exited.then(() =>
    ready.reject(new Error(`The host ended before it was ready:\n${lines.slice(-20).join('\n')}`)),
  )
  await ready.promise
  return {
    lines,
    kill: async () => {
      child.kill('SIGKILL')
      await exited
    },
    stop: () => {
      child.kill('SIGTERM')
      return exited
    },
  }
}
