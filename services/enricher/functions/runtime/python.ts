/** The Python that runs functions. */
import { execFileSync } from 'node:child_process'

export interface Python {
  readonly executable: string
  /** 3.12 */
  readonly version: string
  /** The folders of its library and its packages, besides those of the system. */
  readonly folders: readonly string[]
}

const ASK = `
import json, os, sys
folders = [sys.prefix, sys.base_prefix, os.path.dirname(os.path.realpath(sys.executable)), *sys.path[1:]]
shown = [folder for folder in folders if os.path.isdir(folder) and folder not in ("/", "/usr", "/usr/local")]
print(json.dumps([sys.executable, sys.version_info[:2], shown]))`
const ASK_MS = 20_000
const MIN_MINOR = 9

/** Asks the interpreter where it is, because its name may lead to a script. Throws a one-sentence error. */
export function findPython(command: string): Python {
  const [executable, [major, minor], folders] = ask(command)
  if (major !== 3 || minor < MIN_MINOR) {
    throw new Error(
      `FUNCTIONS_PYTHON=${command} is Python ${major}.${minor}; functions need 3.${MIN_MINOR} or later.`,
    )
  }
  return { executable, version: `${major}.${minor}`, folders }
}

function ask(
  command: string,
): readonly [executable: string, version: readonly [number, number], folders: string[]] {
  try {
    const options = { encoding: 'utf8', timeout: ASK_MS, stdio: ['ignore', 'pipe', 'ignore'] } as const
    return JSON.parse(execFileSync(command, ['-s', '-c', ASK], { ...options, stdio: [...options.stdio] }))
  } catch (error) {
    const [reason] = (error as Error).message.split('\n')
    throw new Error(`FUNCTIONS_PYTHON=${command} does not run (${reason}); name a Python 3 that does.`)
  }
}
