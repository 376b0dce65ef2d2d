/** How the process of an execution environment is started. */
import { spawnSync } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const CHILD = fileURLToPath(new URL('./child/', import.meta.url))

/** MiB that Node itself needs beside the heap of the function. */
const BASE_MB = 64

/** The command behind it dumps no core, writes no byte to a regular file and has as many descriptors as on AWS. */
const LIMITS = ['/bin/sh', '-c', 'ulimit -c 0; ulimit -f 0; ulimit -n 1024; exec "$@"', 'sh']

let guard: readonly string[] | undefined

/**
 * The command line for code in `directory`: Node's permission model lets it read there, in the folders node_modules
 * above, and nothing else; no file can be written, no process, worker thread, native addon or debugger started. The
 * network is open: Node 24 has no permission for it. child/restrict.mjs takes away what the model does not look at.
 */
export function command(directory: string, memoryMb: number): readonly string[] {
  const real = existsSync(directory) ? realpathSync(directory) : directory
  const readable = new Set([CHILD, directory, real, ...modulesAbove(real)])
  return [
    ...LIMITS, ...deathWatch(), process.execPath,
    '--permission', ...[...readable].map((path) => `--allow-fs-read=${path}`),
    // Each of these would reach files or processes past the permission model; many of V8's flags name files to write.
    '--no-experimental-sqlite', '--disable-sigusr1', '--freeze-flags-after-init',
    `--max-old-space-size=${Math.max(BASE_MB, memoryMb - BASE_MB)}`, `--max-semi-space-size=${Math.min(16, Math.max(2, memoryMb >> 6))}`,
    '--disable-warning=ExperimentalWarning', join(CHILD, 'main.mjs'),
  ]
}

function modulesAbove(directory: string): readonly string[] {
  const found: string[] = []
  for (let at = dirname(directory); ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (existsSync(modules)) found.push(modules)
    if (at === dirname(at)) return found
  }
}

/**
 * Where util-linux has setpriv, the kernel kills the child when its service dies, even in an endless loop. Elsewhere the child notices the closed pipe when
 * its event loop turns.
 */
function deathWatch(): readonly string[] {
  if (guard === undefined) {
    const arguments_ = ['--pdeathsig', 'KILL', '--']
    const works = process.platform === 'linux' && spawnSync('/usr/bin/setpriv', [...arguments_, process.execPath, '--version']).status === 0
    guard = works ? ['/usr/bin/setpriv', ...arguments_] : []
  }
  return guard
}
