/** Which runtimes this service offers for functions. */
import { existsSync } from 'node:fs'
import type { ConfigReader } from '@weir/config'
import type { Resource } from '@weir/service'
import { type Confinement, confinement } from './confine.ts'
import type { EnvironmentOptions, RuntimeKind } from './options.ts'
import { findPython } from './python.ts'

/** Runtimes by their names in FUNCTIONS_RUNTIMES. */
const KINDS: Readonly<Record<string, RuntimeKind>> = {
  nodejs: 'nodejs',
  python3: 'python',
  provided: 'provided',
}

export interface RuntimesConfig {
  readonly kinds: readonly RuntimeKind[]
  readonly python: string
}

export function runtimesConfig(reader: ConfigReader): RuntimesConfig {
  const known = Object.keys(KINDS).join(', ')
  const names = reader.list('FUNCTIONS_RUNTIMES', `Runtimes that functions may use: ${known}.`, 'nodejs')
  const unknown = names.filter((name) => !Object.hasOwn(KINDS, name))
  if (unknown.length > 0)
    reader.problem(`FUNCTIONS_RUNTIMES names ${unknown.join(', ')}; it may name ${known}.`)
  return {
    kinds: names.flatMap((name) => KINDS[name] ?? []),
    python: reader.string(
      'FUNCTIONS_PYTHON',
      'The Python interpreter for functions, 3.9 or later: a path or a command name.',
      'python3',
    ),
  }
}

export interface Runtimes {
  readonly allowed: ReadonlySet<RuntimeKind>
  /** How the processes of functions are confined on this machine. */
  readonly confinement: Confinement
  /** The same in a sentence for people, which also names what is missing. */
  readonly sentence: string
  /** The options of an environment for a function of this kind, which must be allowed. */
  options(kind: RuntimeKind): Pick<EnvironmentOptions, 'runtime' | 'python'>
}

type Log = Readonly<Record<'info' | 'warn', (fields: object, text: string) => void>>

const NAMESPACES = 'Functions run in namespaces of their own.'
const NO_NAMESPACES = 'The enricher may not create namespaces'
const NODE_ONLY = `${NO_NAMESPACES}: Node.js alone confines functions.`
const OPEN = `${NO_NAMESPACES}: functions that do not run on Node.js can do everything that its user can. Do not run code that you do not trust.`

/** Throws a one-sentence error if a runtime is offered that cannot run here. */
export function openRuntimes({ kinds, python: command }: RuntimesConfig, log: Log): Resource<Runtimes> {
  const allowed = new Set(kinds)
  const others = kinds.some((kind) => kind !== 'nodejs')
  if (others && !existsSync(`/proc/self/task/${process.pid}/children`)) {
    throw new Error(
      'FUNCTIONS_RUNTIMES names more than nodejs, and other runtimes need Linux with /proc; leave them out.',
    )
  }
  const python = allowed.has('python') ? findPython(command) : undefined
  const how = confinement()
  const sentence = how === 'namespaces' ? NAMESPACES : others ? OPEN : NODE_ONLY
  log[sentence === OPEN ? 'warn' : 'info']({ runtimes: kinds }, sentence)
  const options: Runtimes['options'] = (runtime) => (runtime === 'python' ? { runtime, python } : { runtime })
  return { value: { allowed, confinement: how, sentence, options }, stop: () => {} }
}
