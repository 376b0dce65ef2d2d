/**
 * Functions whose process speaks Lambda's Runtime API: those in Python, and those that bring a `bootstrap`.
 */
import type { ChildProcess } from 'node:child_process'
import { accessSync, constants, existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Duplex, Writable } from 'node:stream'
import { confinement, startConfined } from './confine.ts'
import type { Host, Link } from './link.ts'
import { CHILD } from './node-program.ts'
import type { EnvironmentOptions } from './options.ts'
import { heldBy } from './peers.ts'
import { programsOf } from './processes.ts'
import { errorPayload } from './result.ts'
import { type OursOf, RuntimeApi } from './runtime-api.ts'
import { runtimeVariables } from './variables.ts'

/**
 * Reads the function's variables from descriptor 3, then executes the program in its arguments. It does so
 * after privileges are given up, because the linker loads what the variables name.
 */
const WITH_VARIABLES = ['/bin/sh', '-c', 'eval "$(cat <&3)"; exec 3<&-; unset OLDPWD; exec "$@"', 'sh']

const VARIABLES = 3
/** The descriptor on which a program for Python speaks the Runtime API; also in child/bootstrap.py. */
const CONNECTION = 4

export function openApiLink(options: EnvironmentOptions, host: Host): Link {
  const { directory, python, runtime, confinement: how = confinement() } = options
  const api = new RuntimeApi(options.functionArn, host)
  let pid: number | undefined
  let closed = false

  const oursOf: OursOf = (sockets) => heldBy(pid === undefined ? [] : programsOf(pid, how), sockets)

  /** A bootstrap expects a host and a port. */
  async function startProvided(): Promise<void> {
    const bootstrap = join(directory, 'bootstrap')
    const problem = problemOf(bootstrap)
    if (problem !== undefined) return host.failed(errorPayload('Runtime.InvalidEntrypoint', problem))
    const address = await api.listen(oursOf)
    if (closed) return api.close()
    run([bootstrap], [directory, CHILD], { AWS_LAMBDA_RUNTIME_API: address })
  }

  /** Our program for Python gets a connection that no other process can have. */
  async function startPython(): Promise<void> {
    const { executable, folders } = python!
    const child = run([executable, '-B', '-s', join(CHILD, 'bootstrap.py')], [directory, CHILD, ...folders])
    api.serve(child.stdio[CONNECTION] as Duplex)
  }

  function run(
    program: readonly string[],
    readable: readonly string[],
    added: Record<string, string> = {},
  ): ChildProcess {
    const pipes = runtime === 'python' ? [VARIABLES, CONNECTION] : [VARIABLES]
    const child = startConfined([...WITH_VARIABLES, ...program], readable, directory, how, pipes)
    pid = child.pid
    const variables = child.stdio[VARIABLES] as Writable
    variables.on('error', () => {})
    host.spawned(child)
    variables.end(exportsOf({ ...apiVariables(options), ...added }))
    return child
  }

  Promise.resolve()
    .then(runtime === 'provided' ? startProvided : startPython)
    .catch((error: Error) => host.failed(errorPayload('Runtime.ExitError', error.message)))
  return {
    begin: (call) => api.hand(call),
    close: () => {
      closed = true
      api.close()
    },
  }
}

/** Returns AWS's message if the bootstrap cannot be started. */
function problemOf(bootstrap: string): string | undefined {
  if (!existsSync(bootstrap)) return `Couldn't find valid bootstrap(s): [${bootstrap}]`
  try {
    accessSync(bootstrap, constants.X_OK)
    return undefined
  } catch {
    return `fork/exec ${bootstrap}: permission denied`
  }
}

/**
 * Lambda sets more variables for these runtimes than for others. The function's own override only the first
 * three.
 */
function apiVariables(options: EnvironmentOptions): Record<string, string> {
  const { directory, functionArn } = options
  return {
    LANG: 'C.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LD_LIBRARY_PATH: `${directory}:${directory}/lib`,
    ...runtimeVariables(options),
    AWS_DEFAULT_REGION: functionArn.split(':')[3],
    LAMBDA_RUNTIME_DIR: CHILD,
  }
}

/** Names that a shell does not let a script set. */
const READ_ONLY = ['BASHOPTS', 'BASH_VERSINFO', 'EUID', 'PPID', 'SHELLOPTS', 'UID']

function exportsOf(variables: Readonly<Record<string, string>>): string {
  return Object.entries(variables)
    .filter(([name]) => /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !READ_ONLY.includes(name))
    .map(([name, value]) => `export ${name}='${value.replaceAll('\0', '').replaceAll("'", `'\\''`)}'\n`)
    .join('')
}
