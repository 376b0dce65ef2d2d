/** Tools from Debian packages, unpacked into the cache. Nothing is installed. */
import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { StackError } from './errors.ts'
import { cached } from './maven.ts'

const run = promisify(execFile)

/**
 * Returns the folder with the package's files. Throws a StackError if there is no apt, or if its lists do not
 * contain the package.
 */
export async function debianPackage(name: string): Promise<string> {
  return cached(`debian-${name}`, async (folder, scratch) => {
    const download = (): Promise<unknown> => run('apt-get', ['download', name], { cwd: scratch })
    await download()
      .catch(() => run('apt-get', ['update']).then(download))
      .catch(({ stderr, message }: { stderr?: string; message: string }) => {
        throw new StackError(
          `The package ${name} could not be downloaded by apt-get: ${(stderr || message).trim().split('\n').at(-1)}`,
        )
      })
    await run('dpkg', [
      '--extract',
      join(scratch, readdirSync(scratch).find((file) => file.endsWith('.deb'))!),
      folder,
    ])
  })
}
