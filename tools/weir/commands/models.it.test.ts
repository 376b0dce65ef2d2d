/** weir models, with a service on real servers. */
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { contract, modelsFolder, WIDTH, writeVersion } from '@weir/pricing/testing/models.ts'
import { meanModel } from '@weir/pricing/testing/onnx.ts'
import { type Pricing, startPricing } from '@weir/pricing/testing/pricing.ts'
import { tieFolder } from '@weir/stack/lifeline.ts'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { captureOutput } from '../testing/capture-output.ts'
import { models } from './models.ts'

let pricing: Pricing
const printed = captureOutput()
const folder = await modelsFolder()
const endpoint = uniqueName('demand')
const file = join(mkdtempSync(join(tmpdir(), 'weir-contract-')), 'features.json')

beforeAll(async () => {
  pricing = await startPricing({ variables: { MODELS: folder } })
  vi.stubEnv('PRICING_URL', pricing.url)
  tieFolder(dirname(file))
  writeFileSync(file, JSON.stringify({ ...contract, about: 'A test.' }))
  for (const version of ['1', '2']) writeVersion(folder, endpoint, version, meanModel(WIDTH, Number(version)))
})
afterAll(async () => {
  await pricing?.stop()
})

const run = (...args: string[]): Promise<number> => models.run(args)

test('a version is registered, gets a part of the requests, all of them, and is rolled back', async () => {
  expect(await run('register', endpoint, '1')).toBe(1)
  expect(printed.said).toContain(`There is no endpoint ${endpoint}.`)
  expect(await run('register', endpoint, '1', '--contract', file)).toBe(0)
  expect(printed.out).toContain(`Registered version 1 of ${endpoint}`)
  expect(await run('canary', endpoint, '1')).toBe(1)
  expect(printed.said).toContain(`${endpoint} does not serve another version`)
  expect(await run('canary', endpoint, '1', '--percent', '100')).toBe(0)
  expect(await run('register', endpoint, '2')).toBe(0)
  printed.out = ''
  expect(await run('canary', endpoint, '2', '--percent', '10')).toBe(0)
  expect(printed.out).toMatch(/^1 .* primary +90 % /m)
  expect(printed.out).toMatch(/^2 .* canary +10 % /m)
  expect(await run('canary', endpoint, '2', '--percent', '100')).toBe(0)
  expect(await run('rollback', endpoint)).toBe(0)
  printed.out = ''
  expect(await run('list')).toBe(0)
  expect(printed.out).toMatch(new RegExp(`^${endpoint} +2 +1 \\(90 %\\), 2 \\(10 %\\) `, 'm'))
  expect(await run('canary', endpoint, '1', '--percent', '100')).toBe(0)
  expect(await run('canary', endpoint, '2', '--shadow')).toBe(0)
  printed.out = ''
  expect(await run('show', endpoint, '--json')).toBe(0)
  expect(JSON.parse(printed.out).plan).toEqual({
    variants: [{ name: 'primary', version: '1', weight: 100 }],
    shadows: [{ name: 'shadow-2', version: '2' }],
  })
  expect(await run('delete', endpoint)).toBe(0)
  expect(await run('show', endpoint)).toBe(1)
})

test('a version that cannot be served is refused with the reason of the service', async () => {
  const name = uniqueName('demand')
  writeVersion(folder, name, '1', Buffer.from('not a model'))
  expect(await run('register', name, '1', '--contract', file)).toBe(1)
  expect(printed.said).toContain('Version 1 cannot be registered: The model failed: ')
  expect(await run('delete', name)).toBe(0)
})
