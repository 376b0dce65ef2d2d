/** Python interpreters with packages: virtual environments in the cache, created when missing. */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from './errors.ts'
import { cached } from './maven.ts'

const run = promisify(execFile)
/** Enough for a few MB from a package index over a slow connection (ms). */
const INSTALL_MS = 300_000

/**
 * Returns the interpreter's path. Throws a StackError that says what is missing.
 * @param name of the environment
 * @param requirements a requirements.txt with exact versions
 */
export async function pythonWith(name: string, requirements: string): Promise<string> {
  const { stdout: version } = await run('python3', ['--version']).catch(() => {
    throw new StackError(
      'Python is not installed; install Python 3 with its module venv (for example the packages python3 and python3-venv).',
    )
  })
  const what = createHash('sha256')
    .update(version)
    .update(readFileSync(requirements))
    .digest('hex')
    .slice(0, 12)
  const python = (environment: string): string => join(environment, 'bin/python')
  const folder = await cached(`${name}-${what}`, async (environment) => {
    const step = async (command: string, args: readonly string[], remedy: string): Promise<void> => {
      await run(command, args, { timeout: INSTALL_MS }).catch(
        ({ stderr, message }: { stderr?: string; message: string }) => {
          throw new StackError(`${remedy} (${(stderr || message).trim().split('\n').at(-1)!.slice(0, 300)})`)
        },
      )
    }
    await step(
      'python3',
      ['-m', 'venv', environment],
      'Python could not create a virtual environment; install the package python3-venv.',
    )
    await step(
      python(environment),
      ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements],
      `pip could not install ${name}: check the network and pip's settings.`,
    )
  })
  return python(folder)
}
