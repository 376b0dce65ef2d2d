/**
 * The folder for the code of deployed functions: other users of the machine can neither write nor read it.
 */
import { chmodSync, lstatSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Resource } from '@weir/service'

/**
 * Creates the folder if it does not exist. Without a name, creates a temporary one and removes it at the end.
 */
export function openCodeFolder(named: string | undefined): Resource<string> {
  if (named === undefined) {
    const made = mkdtempSync(join(realpathSync(tmpdir()), 'weir-functions-'))
    return { value: made, stop: async () => rmSync(made, { recursive: true, force: true }) }
  }
  const path = resolve(named)
  mkdirSync(path, { recursive: true, mode: 0o700 })
  const found = lstatSync(path)
  const problem = found.isSymbolicLink()
    ? 'is a symbolic link'
    : found.uid !== process.geteuid?.()
      ? 'belongs to another user'
      : (found.mode & 0o022) !== 0
        ? 'can be written by other users'
        : undefined
  if (problem !== undefined) {
    throw new Error(
      `FUNCTIONS_FOLDER=${named} ${problem}: code would not be safe there; name another folder.`,
    )
  }
  chmodSync(path, 0o700)
  return { value: path, stop: async () => {} }
}
