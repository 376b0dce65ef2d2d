import { chmodSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { cacheFolder, dataFolder, searchFolder } from './paths.ts'
import { unprivilegedUser } from './unprivileged.ts'

const closed = mkdtempSync(join(tmpdir(), 'weir-paths-'))
const open = mkdtempSync(join(tmpdir(), 'weir-paths-'))
chmodSync(open, 0o755)

test('variables say where things are kept', () => {
  expect(cacheFolder({ WEIR_CACHE: '/somewhere' })).toBe('/somewhere')
  expect(dataFolder({ WEIR_DATA: '/elsewhere' })).toBe('/elsewhere')
})

test('the search engine keeps its data beside the others\' where its user can get there', () => {
  expect(searchFolder('opensearch', join(open, '.weir'))).toBe(join(open, '.weir/opensearch'))
})

test.runIf(unprivilegedUser())('root in a closed folder: its user gets another, the same each time', () => {
  const folder = searchFolder('opensearch', closed, { WEIR_CACHE: '/cache' })
  expect(folder).toMatch(/^\/cache\/data\/[0-9a-f]{12}\/opensearch$/)
  expect(searchFolder('opensearch', closed, { WEIR_CACHE: '/cache' })).toBe(folder)
  expect(searchFolder('opensearch', open, { WEIR_CACHE: '/cache' })).not.toBe(folder)
})
