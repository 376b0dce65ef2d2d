/** Lambda's runtimes: which of them run here, and on which interpreter. */
import type { NotedSettings } from './entries.ts'
import type { RuntimeKind } from './runtime/options.ts'

/** The Node.js that the service itself runs on, as Lambda would name it. */
export const OWN_RUNTIME = `nodejs${process.versions.node.split('.', 1)[0]}.x`

/** The architecture of this machine. Native code in an archive must be built for it. */
export const ARCHITECTURE = process.arch === 'arm64' ? 'arm64' : 'x86_64'

export const NOTED_DEFAULTS: NotedSettings = {
  architecture: ARCHITECTURE,
  tracing: 'PassThrough',
  ephemeralMb: 512,
  logging: {},
}

/**
 * The runtimes that Lambda accepts for new functions, by kind (developer guide, "Lambda runtimes"). Each kind
 * runs on the one interpreter that is available.
 */
const RUNTIMES: Readonly<Record<RuntimeKind, readonly string[]>> = {
  nodejs: ['nodejs16.x', 'nodejs18.x', 'nodejs20.x', 'nodejs22.x', 'nodejs24.x', 'nodejs26.x'],
  python: [
    'python3.8',
    'python3.9',
    'python3.10',
    'python3.11',
    'python3.12',
    'python3.13',
    'python3.14',
    'python3.15',
  ],
  provided: ['provided.al2', 'provided.al2023'],
}

/** Runtimes that Lambda no longer accepts. */
const DEPRECATED = new Set([
  'nodejs',
  'nodejs4.3',
  'nodejs6.10',
  'nodejs8.10',
  'nodejs10.x',
  'nodejs12.x',
  'nodejs14.x',
  'python2.7',
  'python3.6',
  'python3.7',
  'provided',
  'java8',
  'go1.x',
  'ruby2.5',
  'ruby2.7',
  'dotnetcore1.0',
  'dotnetcore2.0',
  'dotnetcore2.1',
  'dotnetcore3.1',
])

/** Returns undefined for runtimes of other languages, and for those that do not exist. */
export function kindOf(runtime: string): RuntimeKind | undefined {
  return (Object.keys(RUNTIMES) as RuntimeKind[]).find((kind) => RUNTIMES[kind].includes(runtime))
}

export function isDeprecated(runtime: string): boolean {
  return DEPRECATED.has(runtime)
}

/** Returns the names of these kinds' runtimes: nodejs22.x … */
export function runtimesOf(kinds: ReadonlySet<RuntimeKind>): readonly string[] {
  return [...kinds].flatMap((kind) => RUNTIMES[kind])
}
