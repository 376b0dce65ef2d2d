import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { sharedMemoryKb } from './shared-memory.ts'

const folders: string[] = []
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true })
})

/** A folder of a process whose areas the kernel does not show, as for a service that is not root. */
function programWith(maps: readonly string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'maps-'))
  folders.push(folder)
  writeFileSync(join(folder, 'maps'), maps.map((line) => `${line}\n`).join(''))
  return folder
}

test('shared memory without a file counts once, from its start to the last page that is mapped', () => {
  const area = '7fd30c7be000-7fd30c7c2000 rw-s 00000000 00:01 17849                      /dev/zero (deleted)'
  const end = '7fd30a790000-7fd30a791000 ---s 00003000 00:01 17850                      [anon_shmem:mine]'
  const attached =
    '7fd30a792000-7fd30a794000 r--s 00000000 00:01 3                          /SYSV00000000 (deleted)'
  expect(sharedMemoryKb([programWith([area]), programWith([area, end, attached])])).toBe(16 + 16 + 8)
})

test('files, private memory and processes that have ended do not count', () => {
  const lines = [
    '7ff2f0fc9000-7ff2f0fd0000 r--s 00000000 fe:00 1234                       /usr/lib/gconv-modules.cache',
    '7ff2f0e0d000-7ff2f0f63000 r-xp 00026000 fe:00 1235                       /usr/lib/libc.so.6 (deleted)',
    '7ff2f0e0d000-7ff2f0f63000 rw-p 00000000 00:00 0 ',
  ]
  expect(sharedMemoryKb([programWith(lines), '/nowhere'])).toBe(0)
})

test('more areas or mappings than can be looked at are not measured', () => {
  const areas = (count: number): string[] =>
    Array.from({ length: count }, (_, inode) => `1000-2000 rw-s 00000000 00:01 ${inode} /dev/zero (deleted)`)
  expect(sharedMemoryKb([programWith(areas(1024))])).toBe(4096)
  expect(sharedMemoryKb([programWith(areas(1025))])).toBeUndefined()
  const mappings = Array<string>(90_000).fill('7fd30c7be000-7fd3107be000 rw-p 00000000 00:00 0 ')
  expect(sharedMemoryKb([programWith(mappings)])).toBeUndefined()
})
