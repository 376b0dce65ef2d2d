/** Tools written in Go, built once into the cache from a module that pins them and all their dependencies. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from './errors.ts'
import { cached } from './maven.ts'

const run = promisify(execFile)
/** Enough for downloading the modules over a slow connection and compiling for some minutes (ms). */
const BUILD_MS = 900_000
const FILES = ['go.mod', 'go.sum', 'tools.go']

/**
 * Returns the folder with the executables. Throws a StackError that says what is missing.
 * @param name of the folder in the cache
 * @param module a folder with go.mod, go.sum and a tools.go that imports `packages`
 * @param flags for the linker
 */
export async function goTools(
  name: string,
  module: string,
  packages: readonly string[],
  flags: string,
): Promise<string> {
  const { stdout: version } = await run('go', ['version']).catch(() => {
    throw new StackError(
      'Go is not installed; install 1.26 or newer (for example the package golang), which builds the tools that check the chart.',
    )
  })
  const hash = createHash('sha256').update(version).update(flags)
  for (const file of FILES) hash.update(readFileSync(join(module, file)))
  return cached(`${name}-${hash.digest('hex').slice(0, 12)}`, async (folder, scratch) => {
    for (const file of FILES) copyFileSync(join(module, file), join(scratch, file))
    await run(
      'go',
      [
        'build',
        '-mod=readonly',
        '-trimpath',
        '-buildvcs=false',
        `-ldflags=-s -w ${flags}`,
        '-o',
        `${folder}/`,
        ...packages,
      ],
      { cwd: scratch, timeout: BUILD_MS, env: { ...process.env, CGO_ENABLED: '0' } },
    ).catch(({ stderr, message }: { stderr?: string; message: string }) => {
      throw new StackError(
        `Go could not build ${name}: ${(stderr || message).trim().split('\n').at(-1)!.slice(0, 300)}`,
      )
    })
  })
}
