/** A copy of this checkout, for tests that write into it. */
import { cp, mkdir, mkdtemp, readdir, readFile, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')

/** `node_modules` has the installed packages, and the copy's own workspaces. */
export async function copyCheckout(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), 'weir-checkout-'))
  for (const name of await readdir(ROOT)) {
    if (!['.git', '.weir', 'node_modules'].includes(name))
      await cp(join(ROOT, name), join(copy, name), { recursive: true, preserveTimestamps: true })
  }
  await linkPackages(copy)
  return copy
}

async function linkPackages(copy: string): Promise<void> {
  const modules = join(copy, 'node_modules')
  await mkdir(join(modules, '@weir'), { recursive: true })
  for (const name of await readdir(join(ROOT, 'node_modules'))) {
    if (name !== '@weir') await symlink(join(ROOT, 'node_modules', name), join(modules, name))
  }
  const { workspaces } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    workspaces: string[]
  }
  for (const pattern of workspaces) {
    const folders = pattern.endsWith('/*')
      ? (await readdir(join(copy, pattern.slice(0, -2)))).map((name) => join(pattern.slice(0, -2), name))
      : [pattern]
    for (const folder of folders) {
      const { name } = JSON.parse(await readFile(join(copy, folder, 'package.json'), 'utf8')) as {
        name: string
      }
      await symlink(join(copy, folder), join(modules, name))
    }
  }
}
