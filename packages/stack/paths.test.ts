import { chmodSync, mkdirSync, mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { cacheFolder, dataFolder, makeDataFolder, searchFolder } from './paths.ts'
import { unprivilegedUser } from './unprivileged.ts'

test('variables say where things are kept', () => {
  expect(cacheFolder({ WEIR_CACHE: '/somewhere' })).toBe('/somewhere')
  expect(dataFolder({ WEIR_DATA: '/elsewhere' })).toBe('/elsewhere')
})

test('the data folder is closed to other users, also one that was open', () => {
  const before = process.env.WEIR_DATA
  onTestFinished(() => {
    if (before === undefined) delete process.env.WEIR_DATA
    else process.env.WEIR_DATA = before
  })
  const root = mkdtempSync(join(tmpdir(), 'weir-paths-'))
  mkdirSync(join(root, 'open'))
  chmodSync(join(root, 'open'), 0o755)
  for (const name of ['new', 'open']) {
    process.env.WEIR_DATA = join(root, name)
    expect(statSync(makeDataFolder()).mode & 0o777).toBe(0o700)
  }
})

test("the search engine keeps its data beside the others', or in the cache where it runs as another user", () => {
  const folder = (data: string): string => searchFolder('opensearch', data, { WEIR_CACHE: '/cache' })
  if (unprivilegedUser() === undefined) expect(folder('/data')).toBe('/data/opensearch')
  else expect(folder('/data')).toMatch(/^\/cache\/data\/[0-9a-f]{12}\/opensearch$/)
  expect(folder('/data')).toBe(folder('/data'))
  expect(folder('/other')).not.toBe(folder('/data'))
})
