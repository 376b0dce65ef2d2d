import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, deflateRawSync } from 'node:zlib'
import { zipOf } from '@weir/tools/weir/commands/functions-archive.ts'
import { afterAll, expect, test } from 'vitest'
import { MAX_UNPACKED_BYTES, unpack } from './unpack.ts'

interface Raw {
  readonly name: string | Buffer
  readonly data?: Buffer
  readonly method?: number
  readonly flags?: number
  readonly crc?: number
  /** The size that the archive states. */
  readonly size?: number
  readonly packed?: number
  /** Unix mode. */
  readonly mode?: number
  /** The entry shares the data of the first one. */
  readonly shared?: boolean
}

const root = mkdtempSync(join(tmpdir(), 'weir-unpack-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let count = 0

/** A zip of any kind, right or wrong (APPNOTE.TXT 6.3.10, 4.3). */
function rawZip(
  entries: readonly Raw[],
  { zip64 = false, tail = Buffer.alloc(0), entryCount = entries.length } = {},
): Buffer {
  const parts: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const {
    name,
    data = Buffer.from('x'),
    method = 0,
    flags = 0x800,
    mode = 0o100644,
    shared = false,
    ...said
  } of entries) {
    const bytes = Buffer.from(name)
    const stored = method === 8 ? deflateRawSync(data) : data
    const numbers = [0, 0, said.crc ?? crc32(data), said.packed ?? stored.length, said.size ?? data.length]
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(20, 4)
    local.writeUInt16LE(flags, 6)
    local.writeUInt16LE(method, 8)
    for (const [i, value] of numbers.slice(2).entries()) local.writeUInt32LE(value, 14 + i * 4)
    local.writeUInt16LE(bytes.length, 26)
    const head = Buffer.alloc(46)
    head.writeUInt32LE(0x02014b50, 0)
    head.writeUInt16LE((3 << 8) | 45, 4)
    head.writeUInt16LE(20, 6)
    head.writeUInt16LE(flags, 8)
    head.writeUInt16LE(method, 10)
    for (const [i, value] of numbers.slice(2).entries()) head.writeUInt32LE(value, 16 + i * 4)
    head.writeUInt16LE(bytes.length, 28)
    head.writeUInt32LE((mode * 0x10000) >>> 0, 38)
    head.writeUInt32LE(shared ? 0 : offset, 42)
    central.push(head, bytes)
    if (shared) continue
    parts.push(local, bytes, stored)
    offset += local.length + bytes.length + stored.length
  }
  const directory = Buffer.concat(central)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(zip64 ? 0xffff : entryCount, 8)
  end.writeUInt16LE(zip64 ? 0xffff : entryCount, 10)
  end.writeUInt32LE(directory.length, 12)
  end.writeUInt32LE(zip64 ? 0xffffffff : offset, 16)
  const long: Buffer[] = []
  if (zip64) {
    const record = Buffer.alloc(56)
    record.writeUInt32LE(0x06064b50, 0)
    record.writeBigUInt64LE(44n, 4)
    record.writeBigUInt64LE(BigInt(entryCount), 24)
    record.writeBigUInt64LE(BigInt(entryCount), 32)
    record.writeBigUInt64LE(BigInt(directory.length), 40)
    record.writeBigUInt64LE(BigInt(offset), 48)
    const locator = Buffer.alloc(20)
    locator.writeUInt32LE(0x07064b50, 0)
    locator.writeBigUInt64LE(BigInt(offset + directory.length), 8)
    locator.writeUInt32LE(1, 16)
    long.push(record, locator)
  }
  return Buffer.concat([...parts, directory, ...long, end, tail])
}

/** Unpacks into a folder of its own, three folders below the root. */
async function unpacked(
  zip: Buffer,
  maxBytes?: number,
): Promise<{ folder: string; files: number; bytes: number }> {
  const folder = join(root, `${++count}/a/b`)
  mkdirSync(folder, { recursive: true })
  const file = join(root, `${count}.zip`)
  writeFileSync(file, zip)
  return { folder, ...(await unpack(file, folder, maxBytes)) }
}

test('folders, modes and contents are unpacked as they were packed', async () => {
  const big = Buffer.alloc(3_000_000, 'abcdefg')
  const zip = await zipOf([
    { name: 'src/app.mjs', bytes: Buffer.from('export const a = 1') },
    { name: 'bootstrap', bytes: Buffer.from('#!/bin/sh'), executable: true },
    { name: 'node_modules/p/data.bin', bytes: big },
    { name: 'empty', bytes: Buffer.alloc(0) },
    { name: 'übung.txt', bytes: Buffer.from('ü') },
  ])
  const { folder, files, bytes } = await unpacked(zip)
  expect([files, bytes]).toEqual([5, big.length + 18 + 9 + 2])
  expect(readFileSync(join(folder, 'node_modules/p/data.bin')).equals(big)).toBe(true)
  expect(readFileSync(join(folder, 'übung.txt'), 'utf8')).toBe('ü')
  expect([
    statSync(join(folder, 'bootstrap')).mode & 0o111,
    statSync(join(folder, 'src/app.mjs')).mode & 0o111,
  ]).toEqual([0o111, 0])
})

test('zip64, entries for folders, and backslashes of Windows are supported', async () => {
  const { folder } = await unpacked(
    rawZip(
      [
        { name: 'lib/', data: Buffer.alloc(0), mode: 0o040755 },
        { name: 'lib\\a.js', data: Buffer.from('1'), method: 8 },
      ],
      { zip64: true },
    ),
  )
  expect(readFileSync(join(folder, 'lib/a.js'), 'utf8')).toBe('1')
})

const many = (length: number, name: (i: number) => string): Raw[] =>
  Array.from({ length }, (_, i) => ({ name: name(i) }))

test.each<[string, string, readonly Raw[], Parameters<typeof rawZip>[1]?]>([
  ['a name above the folder', 'corrupt', [{ name: '../../planted' }]],
  ['a name above the folder, later', 'corrupt', [{ name: 'ok' }, { name: 'a/../../../planted' }]],
  ['a name above the folder, with backslashes', 'corrupt', [{ name: '..\\..\\planted' }]],
  ['an absolute name', 'corrupt', [{ name: '/tmp/planted' }]],
  ['a drive', 'corrupt', [{ name: 'C:/planted' }]],
  ['a dot', 'refused', [{ name: 'a/./b' }]],
  ['an empty part', 'refused', [{ name: 'a//b' }]],
  ['a zero byte', 'refused', [{ name: 'a\u0000b' }]],
  ['a line end', 'refused', [{ name: 'a\nb' }]],
  ['a long part', 'refused', [{ name: 'x'.repeat(256) }]],
  ['a long name', 'refused', [{ name: `${`${'y'.repeat(200)}/`.repeat(6)}x` }]],
  ['a name of too many folders', 'refused', [{ name: `${'a/'.repeat(65)}x` }]],
  ['a link', 'refused', [{ name: 'link', data: Buffer.from('/etc/passwd'), mode: 0o120777 }]],
  ['a device', 'refused', [{ name: 'null', data: Buffer.alloc(0), mode: 0o020666 }]],
  ['a repeated name', 'refused', [{ name: 'a' }, { name: 'a' }]],
  ['names that differ in case only', 'refused', [{ name: 'src/Index.js' }, { name: 'SRC/index.js' }]],
  [
    'names that differ in the spelling of an accent only',
    'refused',
    [{ name: '\u00e9' }, { name: 'e\u0301' }],
  ],
  ['a folder with the name of an earlier file', 'refused', [{ name: 'a' }, { name: 'a/b' }]],
  ['a file with the name of an earlier folder', 'refused', [{ name: 'a/b' }, { name: 'a' }]],
  ['encryption', 'refused', [{ name: 'a', flags: 0x801, method: 8 }]],
  ['strong encryption', 'corrupt', [{ name: 'a', flags: 0x841 }]],
  ['an unknown method', 'corrupt', [{ name: 'a', method: 12 }]],
  ['a wrong checksum', 'corrupt', [{ name: 'a', crc: 1 }]],
  ['a wrong checksum, deflated', 'corrupt', [{ name: 'a', crc: 1, method: 8 }]],
  ['more bytes than it says', 'corrupt', [{ name: 'a', data: Buffer.alloc(1000), method: 8, size: 10 }]],
  ['fewer bytes than it says', 'corrupt', [{ name: 'a', data: Buffer.alloc(10), method: 8, size: 1000 }]],
  ['data beyond its end', 'refused', [{ name: 'a', packed: 100_000, size: 100_000 }]],
  [
    'entries that share data',
    'refused',
    [
      { name: 'a', data: Buffer.alloc(1000, 1) },
      ...many(9, (i) => `b${i}`).map((raw) => ({ ...raw, data: Buffer.alloc(1000, 1), shared: true })),
    ],
  ],
  ['nothing', 'refused', []],
  ['only a folder', 'refused', [{ name: 'a/', data: Buffer.alloc(0) }]],
  ['more entries than it says', 'refused', [{ name: 'a' }], { entryCount: 0 }],
  ['bytes behind its end', 'corrupt', [{ name: 'a' }], { tail: Buffer.from('trailing') }],
])(
  'an archive with %s is refused (as %s), and nothing is written outside the folder',
  async (_what, problem, entries, options) => {
    await expect(unpacked(rawZip(entries, options))).rejects.toMatchObject({ name: 'ArchiveError', problem })
    for (const up of ['planted', '../planted', '../../planted', '../../../planted', '/tmp/planted'])
      expect(existsSync(up[0] === '/' ? up : join(root, `${count}/a/b`, up))).toBe(false)
  },
)

test.each([
  ['a file that is not a zip', Buffer.from('not a zip')],
  ['an empty file', Buffer.alloc(0)],
  ['half a zip', rawZip([{ name: 'a', data: Buffer.alloc(1000) }]).subarray(0, 500)],
])('%s is corrupt', (_what, zip) => expect(unpacked(zip)).rejects.toMatchObject({ problem: 'corrupt' }))

test('too many entries are refused before any is written', async () => {
  const zip = rawZip([{ name: 'a' }], { zip64: true, entryCount: 100_001 })
  await expect(unpacked(zip)).rejects.toMatchObject({
    problem: 'refused',
    detail: expect.stringContaining('at most 100000'),
  })
  expect(existsSync(join(root, `${count}/a/b/a`))).toBe(false)
})

test('names that make more folders than files are allowed are refused', async () => {
  const names = Array.from({ length: 1700 }, (_, i) => `${Array(60).fill(i).join('/')}/`)
  await expect(
    unpacked(rawZip(names.map((name) => ({ name, data: Buffer.alloc(0) })))),
  ).rejects.toMatchObject({
    problem: 'refused',
    detail: 'It has more than 100000 files and folders.',
  })
  expect(existsSync(join(root, `${count}/a/b/0`))).toBe(false)
})

test('files that inflate beyond the bound are refused before anything is written', async () => {
  const zeros = (length: number): Raw => ({ name: `zeros-${length}`, data: Buffer.alloc(length), method: 8 })
  await expect(unpacked(rawZip([zeros(60_000), zeros(50_000)]), 100_000)).rejects.toMatchObject({
    problem: 'too-large',
  })
  expect([
    existsSync(join(root, `${count}/a/b/zeros-60000`)),
    existsSync(join(root, `${count}/a/b/zeros-50000`)),
  ]).toEqual([false, false])
  await expect(unpacked(rawZip([{ ...zeros(1000), size: MAX_UNPACKED_BYTES + 1 }]))).rejects.toMatchObject({
    problem: 'too-large',
  })
})
