import { expect, test } from 'vitest'
import { deviceRights } from './device-rights.ts'

const may = (filters: readonly string[], asked: string, clientId = 'cab'): boolean =>
  deviceRights({ publish: filters, subscribe: filters })!.maySubscribe(asked, clientId)

test('a right covers the topics and the filters that its filter matches, and no others', () => {
  for (const asked of ['a', 'a/b', 'a/#', 'a/+/c']) expect(may(['a/#'], asked), asked).toBe(true)
  for (const asked of ['b', '#', '+', '+/b']) expect(may(['a/#'], asked), asked).toBe(false)
  for (const asked of ['a/x/c', 'a/+/c']) expect(may(['a/+/c'], asked), asked).toBe(true)
  for (const asked of ['a/#', 'a/x/d', 'a/x/c/d', 'a/x']) expect(may(['a/+/c'], asked), asked).toBe(false)
  expect(may(['a', 'b'], 'b')).toBe(true)
})

test('wildcards at the first level do not cover topics of the broker', () => {
  expect(may(['#'], '$aws/rules/r')).toBe(false)
  expect(may(['+/x'], '$share')).toBe(false)
  expect(may(['$aws/rules/#'], '$aws/rules/r')).toBe(true)
})

test('a client id is text, whatever characters it has', () => {
  const own = ['fleet/${clientId}/#']
  expect(may(own, 'fleet/cab/x')).toBe(true)
  expect(may(own, 'fleet/other/x')).toBe(false)
  expect(may(own, 'fleet/+/x', '+')).toBe(false)
  expect(may(own, 'fleet/#', '#')).toBe(false)
  expect(may(own, 'fleet/a/b', 'a/b')).toBe(false)
  expect(may(['x-${clientId}'], 'x-$&', '$&')).toBe(true)
})

test('a key without rights on MQTT has none, and a slip in them is found', () => {
  const none = deviceRights(undefined)!
  expect([none.mayPublish('a', 'cab'), none.maySubscribe('a', 'cab')]).toEqual([false, false])
  expect(deviceRights({ publish: ['a'] })!.maySubscribe('a', 'cab')).toBe(false)
  for (const wrong of [
    null,
    [],
    'a',
    { publish: 'a' },
    { publish: ['a+'] },
    { subscribe: ['#/a'] },
    { publish: [''] },
    { publihs: [] },
  ])
    expect(deviceRights(wrong), JSON.stringify(wrong)).toBeUndefined()
})
