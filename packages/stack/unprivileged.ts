/** OpenSearch and Elasticsearch refuse to run as root. If we are root, we run them as nobody. */
import { execFileSync } from 'node:child_process'
import { chownSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface User {
  readonly uid: number
  readonly gid: number
}

let nobody: User | undefined

/** Returns the user to run the search engines as; undefined if we are not root and run them as ourselves. */
export function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  nobody ??= { uid: id('-u'), gid: id('-g') }
  return nobody
}

const id = (which: '-u' | '-g'): number => Number(execFileSync('id', [which, 'nobody'], { encoding: 'utf8' }))

/** Creates the folder and gives it and all its contents to the user. */
export function giveFolder(folder: string, user: User | undefined): void {
  mkdirSync(folder, { recursive: true })
  if (user === undefined) return
  chownSync(folder, user.uid, user.gid)
  for (const entry of readdirSync(folder, { recursive: true }) as string[])
    chownSync(join(folder, entry), user.uid, user.gid)
}
