import { expect, test } from 'vitest'
import { checks } from './entries.ts'

const deployed = {
  name: 'offers',
  file: 'index.mjs',
  handler: 'index.handler',
  code: 'export const handler = () => {}',
  memoryMb: 128,
  timeoutMs: 3000,
  concurrency: 10,
  environment: { STAGE: 'test' },
  deployedAt: 1,
}

test('a function that the API stored passes', () => {
  expect(() => checks.function(deployed, 'offers')).not.toThrow()
  expect(() => checks.function({ ...deployed, runtime: 'a later version has this' }, 'offers')).not.toThrow()
})

test.each([
  ['a name that leads elsewhere', { name: '../../escaped' }, '../../escaped'],
  ['the name of another one', {}, 'other'],
  ['a file elsewhere', { file: '../../../planted.mjs' }, 'offers'],
  ['no code', { code: undefined }, 'offers'],
  ['too much memory', { memoryMb: 1e9 }, 'offers'],
  ['variables that are none', { environment: { STAGE: 1 } }, 'offers'],
])('a function with %s is refused', (_, changes, id) => {
  expect(() => checks.function(JSON.parse(JSON.stringify({ ...deployed, ...changes })), id)).toThrow()
})

test('mappings and windows', () => {
  const mapping = { id: 'm', functionName: 'offers', groupId: 'weir.mapping.m', enabled: true, decode: false }
  expect(() => checks.mapping(mapping, 'm')).not.toThrow()
  expect(() => checks.mapping(mapping, 'n')).toThrow()
  expect(() => checks.mapping({ ...mapping, enabled: 'yes' }, 'm')).toThrow()
  expect(() => checks.window({ start: 0, state: {}, offset: 5 })).not.toThrow()
  expect(() => checks.window({ start: 0, state: {}, offset: -1 })).toThrow()
})
