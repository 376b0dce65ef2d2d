/**
 * Functions whose process speaks Lambda's Runtime API: those in Python, and those that bring a `bootstrap`.
 */
import { accessSync, constants, existsSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { startConfined } from './confine.ts'
import type { Host, Link } from './link.ts'
import { CHILD } from './node-program.ts'
import type { EnvironmentOptions } from './options.ts'
import { isHeldBy } from './peers.ts'
import { treeOf } from './processes.ts'
import { errorPayload } from './result.ts'
import { openRuntimeApi, type RuntimeApi } from './runtime-api.ts'
import { runtimeVariables } from './variables.ts'

/**
 * Reads the function's variables from descriptor 3, then executes the program in its arguments. It does so
 * after privileges are given up, because the linker loads what the variables name.
 */
const WITH_VARIABLES = ['/bin/sh', '-c', 'eval "$(cat <&3)"; exec 3<&-; unset OLDPWD; exec "$@"', 'sh']

export function openApiLink(options: EnvironmentOptions, host: Host): Link {
  let api: RuntimeApi | undefined
  let pid: number | undefined
  let closed = false

  async function start(): Promise<void> {
    const { directory, python, runtime } = options
    const bootstrap = join(directory, 'bootstrap')
    const problem = runtime === 'provided' ? problemOf(bootstrap) : undefined
    if (problem !== undefined) return host.failed(errorPayload('Runtime.InvalidEntrypoint', problem))
    const isOurs = async (socket: Socket): Promise<boolean> =>
      pid !== undefined && isHeldBy(treeOf(pid), socket)
    api = await openRuntimeApi(options.functionArn, isOurs, host)
    if (closed) return api.close()
    const program =
      runtime === 'provided' ? [bootstrap] : [python!.executable, '-B', '-s', join(CHILD, 'bootstrap.py')]
    const readable = [directory, CHILD, ...(python?.folders ?? [])]
    const child = startConfined([...WITH_VARIABLES, ...program], readable, directory, options.confinement)
    pid = child.pid
    const variables = child.stdio[3] as Writable
    variables.on('error', () => {})
    host.spawned(child)
    variables.end(exportsOf(apiVariables(options, api.address)))
  }

  Promise.resolve()
    .then(start)
    .catch((error: Error) => host.failed(errorPayload('Runtime.ExitError', error.message)))
  return {
    begin: (call) => api!.hand(call),
    close: () => {
      closed = true
      api?.close()
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
function apiVariables(options: EnvironmentOptions, address: string): Record<string, string> {
  const { directory, functionArn } = options
  return {
    LANG: 'C.UTF-8',
    PATH: '/usr/local/bin:/usr/bin:/bin',
    LD_LIBRARY_PATH: `${directory}:${directory}/lib`,
    ...runtimeVariables(options),
    AWS_DEFAULT_REGION: functionArn.split(':')[3],
    AWS_LAMBDA_RUNTIME_API: address,
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
