/** Execution environments of functions whose code is in the test; they end with it. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import { type Confinement, confinement } from '../runtime/confine.ts'
import { type Environment, openEnvironment } from '../runtime/environment.ts'
import type { EnvironmentOptions } from '../runtime/options.ts'
import { findPython } from '../runtime/python.ts'
import type { InvocationResult } from '../runtime/result.ts'

/** The confinement that this machine supports, and the one that every machine supports. */
export const CONFINEMENTS = [...new Set<Confinement>([confinement(), 'process only'])]

export const root = realpathSync(mkdtempSync(join(tmpdir(), 'functions-')))
const opened: Environment[] = []
let count = 0

afterEach(async () => {
  await Promise.all(opened.splice(0).map((environment) => environment.stop()))
})
afterAll(() => rmSync(root, { recursive: true, force: true }))

/** A folder with these files; `bootstrap` can be executed. */
export function code(files: Readonly<Record<string, string>>): string {
  const directory = join(root, `f${++count}`)
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(directory, name, '..'), { recursive: true })
    writeFileSync(join(directory, name), text, { mode: name === 'bootstrap' ? 0o755 : 0o644 })
  }
  return directory
}

export interface Opened {
  readonly environment: Environment
  readonly lines: string[]
  invoke(event?: unknown, requestId?: string): Promise<InvocationResult>
}

export function open(
  files: string | Readonly<Record<string, string>>,
  options: Partial<EnvironmentOptions> = {},
): Opened {
  const lines: string[] = []
  const environment = openEnvironment({
    functionName: 'taxis',
    functionArn: 'arn:aws:lambda:eu-west-1:000000000000:function:taxis',
    version: '7',
    handler: 'index.handler',
    environment: {},
    directory: code(typeof files === 'string' ? { 'index.mjs': files } : files),
    memoryMb: 256,
    timeoutMs: 3000,
    log: (line) => void lines.push(line),
    ...options,
  })
  opened.push(environment)
  return {
    environment,
    lines,
    invoke: (event = {}, requestId = 'id-1') =>
      environment.invoke(Buffer.from(JSON.stringify(event)), { requestId }),
  }
}

/** How many processes of this machine have the text in their command. */
export function running(text: string): number {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes(text)
    } catch {
      return false
    }
  }).length
}

export const json = (outcome: InvocationResult): unknown => JSON.parse(outcome.payload.toString())

export const python = findPython('python3')

/** Opens an environment whose app.py has the text. */
export const openPython = (text: string, options: Partial<EnvironmentOptions> = {}): Opened =>
  open(
    { 'app.py': text },
    { runtime: 'python', python, handler: 'app.handler', timeoutMs: 20_000, ...options },
  )
