import { expect, test } from 'vitest'
import { holderOf } from './holder.ts'

test('each key has one share, and clients without a key share by address or IPv6 network', () => {
  expect(holderOf('dispatch', '192.0.2.1')).toBe(holderOf('dispatch', '2001:db8::1'))
  expect(holderOf('192.0.2.1', '::1')).not.toBe(holderOf(undefined, '192.0.2.1'))
  expect(holderOf(undefined, '192.0.2.1')).not.toBe(holderOf(undefined, '192.0.2.2'))
  expect(holderOf(undefined, '::ffff:192.0.2.1')).not.toBe(holderOf(undefined, '::ffff:192.0.2.2'))
  const network = ['2001:db8::1', '2001:db8::ffff:2', '2001:db8:0:0:9::', '2001:db8:0:0:1:2:3:4'].map(
    (address) => holderOf(undefined, address),
  )
  expect(new Set(network).size).toBe(1)
  expect(holderOf(undefined, '2001:db8:0:1::1')).not.toBe(network[0])
  expect(holderOf(undefined, '::1')).not.toBe(network[0])
})
