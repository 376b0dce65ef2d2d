import { expect, test } from 'vitest'
import { contract } from '../testing/models.ts'
import { create, register, replacePlan, rollBack } from './changes.ts'
import { checks, type EndpointState } from './entries.ts'

const settings = { timeLimitMs: 100, gatherMs: 1 }
const version = (name: string, sha256 = 'a'.repeat(64)) => ({
  version: name,
  sha256,
  bytes: 1,
  registeredAt: 0,
})
const serves = (name: string) => ({ variants: [{ name: 'primary', version: name, weight: 1 }], shadows: [] })
const empty = (): EndpointState => create({ name: 'e', contract, settings }, undefined, 0, 5)

test('settings change, and the contract stays', () => {
  const faster = { ...settings, timeLimitMs: 50 }
  expect(create({ name: 'e', contract, settings: faster }, empty(), 1, 9)).toEqual({
    ...empty(),
    settings: faster,
  })
  const other = { ...contract, label: { ...contract.label, unit: 'h' } }
  expect(() => create({ name: 'e', contract: other, settings }, empty(), 1, 9)).toThrow(
    'The endpoint e has another contract; create another endpoint for this one. The unit of the label is',
  )
  expect(() => create({ name: 'f', contract, settings }, undefined, 100, 9)).toThrow(
    'There are 100 endpoints',
  )
})

test('a version is registered once; the same model again changes nothing', () => {
  const state = register(empty(), 'e', version('1'))
  expect(register(state, 'e', version('1'))).toBe(state)
  expect(() => register(state, 'e', version('1', 'b'.repeat(64)))).toThrow('registered with another model')
  expect(() => register(undefined, 'e', version('1'))).toThrow('There is no endpoint e.')
})

test('of more versions than are kept, the oldest that do not serve are left out', () => {
  let state = replacePlan(register(empty(), 'e', version('v0')), 'e', serves('v0'))
  for (let i = 1; i <= 150; i++) state = register(state, 'e', version(`v${i}`))
  expect(state.versions).toHaveLength(100)
  expect(state.versions[0].version).toBe('v0')
  expect(state.versions[1].version).toBe('v52')
  expect(() => checks.endpoint(JSON.parse(JSON.stringify(state)), 'e')).not.toThrow()
})

test('a rollback goes back one change after the other', () => {
  let state = register(register(empty(), 'e', version('1')), 'e', version('2'))
  state = replacePlan(replacePlan(state, 'e', serves('1')), 'e', serves('2'))
  state = rollBack(state, 'e')
  expect(state.plan).toEqual(serves('1'))
  state = rollBack(state, 'e')
  expect(state.plan).toEqual({ variants: [], shadows: [] })
  expect(() => rollBack(state, 'e')).toThrow('The variants of e were never changed.')
})

test('an entry under the name of another endpoint is left out', () => {
  expect(() => checks.endpoint(empty(), 'f')).toThrow('stored under the name of another endpoint')
})
