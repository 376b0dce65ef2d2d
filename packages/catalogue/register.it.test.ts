import { breakingChanges, lawfulChanges } from '@weir/contracts/testing/changes.ts'
import { topics } from '@weir/solutions'
import { servers, uniqueName } from '@weir/testkit'
import { beforeAll, expect, test } from 'vitest'
import { ContractRefused, registerContracts, registerVersions } from './register.ts'

let url: string
beforeAll(async () => {
  ;({ url } = await servers.registry())
})

test('every contract is registered, and registering again gives the same ids', async () => {
  const registered = await registerContracts(url, topics)
  expect(registered.map(({ topic }) => topic)).toEqual(Object.keys(topics))
  expect(await registerContracts(url, topics)).toEqual(registered)
})

test('a subject is under FULL_TRANSITIVE from its first version', async () => {
  const subject = `${uniqueName('contracts')}-value`
  await registerVersions(url, subject, [breakingChanges[0]!.old])
  expect(await (await fetch(`${url}/config/${subject}`)).json()).toEqual({
    compatibilityLevel: 'FULL_TRANSITIVE',
  })
})

test('concurrent registrations of the same schemas all get the same id', async () => {
  for (let round = 0; round < 5; round++) {
    const subject = `${uniqueName('contracts')}-value`
    const { old, current } = lawfulChanges[0]!
    const ids = await Promise.all(
      Array.from({ length: 6 }, () => registerVersions(url, subject, [old, current])),
    )
    expect(new Set(ids).size).toBe(1)
    expect(await (await fetch(`${url}/subjects/${subject}/versions`)).json()).toHaveLength(2)
  }
})

test.each(breakingChanges)(
  'the registry refuses a breaking change as well, and the field is named: $name',
  async ({ old, current, sentences }) => {
    const subject = `${uniqueName('contracts')}-value`
    await registerVersions(url, subject, [old])
    const refusal = await registerVersions(url, subject, [current]).catch((error) => error)
    expect(refusal).toBeInstanceOf(ContractRefused)
    for (const sentence of sentences)
      expect(refusal.message).toContain(sentence.replaceAll('version 1', 'version 1 in the registry'))
    expect(refusal.message).toContain('It answered: ')
  },
)

test.each(lawfulChanges)('the registry accepts a compatible change: $name', async ({ old, current }) => {
  const subject = `${uniqueName('contracts')}-value`
  expect(await registerVersions(url, subject, [old, current])).toBeGreaterThan(0)
})

test('a change that breaks only with an older version is refused as well', async () => {
  const subject = `${uniqueName('contracts')}-value`
  const record = (fields: readonly object[]): any => ({
    type: 'record',
    name: 'R',
    namespace: 'test',
    fields,
  })
  const note = { name: 'note', type: 'string', default: '' }
  await registerVersions(url, subject, [record([note]), record([])])
  await expect(
    registerVersions(url, subject, [record([{ ...note, type: 'int', default: 0 }])]),
  ).rejects.toThrow('R.note changed from string in version 1 in the registry to int')
})
