/** The program that runs a function for Node.js. */
import type { ChildProcess } from 'node:child_process'
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { confinement, startConfined } from './confine.ts'

export const CHILD = fileURLToPath(new URL('./child', import.meta.url))

/** MiB that Node itself needs besides the heap of the function. */
const BASE_MB = 64

/**
 * Many of V8's flags name files that it writes. Namespaces prevent that; without them, the flags are frozen.
 * V8 then recompiles Node's own modules, which makes a start take half as long again.
 */
const FROZEN_FLAGS = ['--freeze-flags-after-init']

/**
 * Starts the program for code in `directory`. Node's permission model lets it read that folder and the
 * node_modules folders above it, and nothing else. It cannot write files, or start a process, worker thread,
 * native addon or debugger. The network is open: Node 24 has no permission for it. child/restrict.mjs removes
 * what the model does not cover.
 */
export function startNode(directory: string, memoryMb: number, how = confinement()): ChildProcess {
  const real = existsSync(directory) ? realpathSync(directory) : directory
  const readable = [...new Set([CHILD, directory, real, ...modulesAbove(real)])]
  const program = [
    process.execPath,
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    // Each of these features would reach files or processes past the permission model.
    '--no-experimental-sqlite',
    '--disable-sigusr1',
    ...(how === 'namespaces' ? [] : FROZEN_FLAGS),
    `--max-old-space-size=${Math.max(BASE_MB, memoryMb - BASE_MB)}`,
    `--max-semi-space-size=${Math.min(16, Math.max(2, memoryMb >> 6))}`,
    '--disable-warning=ExperimentalWarning',
    join(CHILD, 'main.mjs'),
  ]
  const binaries = [dirname(realpathSync(process.execPath)), dirname(process.execPath)]
  return startConfined(program, [...binaries, ...readable], directory, how)
}

function modulesAbove(directory: string): readonly string[] {
  const found: string[] = []
  for (let at = dirname(directory); ; at = dirname(at)) {
    const modules = join(at, 'node_modules')
    if (existsSync(modules)) found.push(modules)
    if (at === dirname(at)) return found
  }
}
