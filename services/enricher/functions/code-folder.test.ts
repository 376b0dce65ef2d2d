import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  statSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openCodeFolder } from './code-folder.ts'

const root = mkdtempSync(join(realpathSync(tmpdir()), 'code-folder-'))
const modeOf = (path: string): number => statSync(path).mode & 0o777

function made(name: string, mode: number): string {
  const path = join(root, name)
  mkdirSync(path)
  chmodSync(path, mode)
  return path
}

test('without a name, each service gets a new folder, which is removed when it stops', async () => {
  const [one, other] = [openCodeFolder(undefined), openCodeFolder(undefined)]
  expect(one.value).not.toBe(other.value)
  expect(modeOf(one.value)).toBe(0o700)
  await Promise.all([one.stop(0), other.stop(0)])
  expect([one.value, other.value].map((path) => existsSync(path))).toEqual([false, false])
})

test('a named folder is created or closed to other users, and is not removed', async () => {
  for (const path of [join(root, 'new/folder'), made('readable', 0o755)]) {
    const { value, stop } = openCodeFolder(`${path}/`)
    expect([value, modeOf(path)]).toEqual([path, 0o700])
    await stop(0)
    expect(existsSync(path)).toBe(true)
  }
})

test('a folder that other users can change is refused', () => {
  const link = join(root, 'link')
  symlinkSync(made('behind', 0o700), link)
  expect(() => openCodeFolder(`${link}/`)).toThrow('is a symbolic link')
  expect(() => openCodeFolder(made('writable', 0o777))).toThrow('can be written by other users')
})

test('a folder of another user is refused', () => {
  const isRoot = process.getuid!() === 0
  const theirs = isRoot ? made('theirs', 0o700) : '/usr'
  if (isRoot) chownSync(theirs, 65_534, 65_534)
  expect(() => openCodeFolder(theirs)).toThrow('belongs to another user')
})
