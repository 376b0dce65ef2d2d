import { expect, test } from 'vitest'
import { isPublic } from './addresses.ts'

/** The IANA special-purpose registries that are not globally reachable, with multicast and reserved ranges. */
test.each([
  ['this network', '0.0.0.0', '0.255.255.255'],
  ['private, 10/8', '10.0.0.0', '10.255.255.255'],
  ['shared by a provider', '100.64.0.0', '100.127.255.255'],
  ['loopback', '127.0.0.0', '127.255.255.255'],
  ['link-local', '169.254.0.0', '169.254.255.255'],
  ['private, 172.16/12', '172.16.0.0', '172.31.255.255'],
  ['protocol assignments', '192.0.0.0', '192.0.0.255'],
  ['documentation, TEST-NET-1', '192.0.2.0', '192.0.2.255'],
  ['AS112', '192.31.196.0', '192.31.196.255'],
  ['AMT', '192.52.193.0', '192.52.193.255'],
  ['6to4 relays', '192.88.99.0', '192.88.99.255'],
  ['private, 192.168/16', '192.168.0.0', '192.168.255.255'],
  ['AS112, delegated', '192.175.48.0', '192.175.48.255'],
  ['benchmarks', '198.18.0.0', '198.19.255.255'],
  ['documentation, TEST-NET-2', '198.51.100.0', '198.51.100.255'],
  ['documentation, TEST-NET-3', '203.0.113.0', '203.0.113.255'],
  ['multicast and reserved', '224.0.0.0', '255.255.255.255'],
])('IPv4 addresses of %s are not public, in no form that IPv6 has for them', (_purpose, first, last) => {
  for (const address of [first, last]) {
    expect(isPublic(address)).toBe(false)
    expect(isPublic(`::ffff:${address}`)).toBe(false)
    expect(isPublic(`::${address}`)).toBe(false)
    expect(isPublic(`::ffff:0:${address}`)).toBe(false)
    expect(isPublic(`64:ff9b::${address}`)).toBe(false)
    expect(isPublic(`64:ff9b:1::${address}`)).toBe(false)
    const hex = Buffer.from(address.split('.').map(Number)).toString('hex')
    expect(isPublic(`2002:${hex.slice(0, 4)}:${hex.slice(4)}::1`)).toBe(false)
  }
})

test.each([
  '1.0.0.0',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.0.3.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '203.0.112.255',
  '203.0.114.0',
  '223.255.255.255',
])('the IPv4 address %s next to a special range is public, with NAT64 as well', (address) => {
  expect(isPublic(address)).toBe(true)
  expect(isPublic(`::ffff:${address}`)).toBe(true)
  expect(isPublic(`64:ff9b::${address}`)).toBe(true)
  // The forms that have no use on today's internet are refused whatever they hold.
  expect(isPublic(`::${address}`)).toBe(false)
})

test.each([
  ['unspecified', '::', '::'],
  ['loopback', '::1', '::1'],
  ['local NAT64', '64:ff9b:1::', '64:ff9b:1:ffff:ffff:ffff:ffff:ffff'],
  ['discard-only', '100::', '100::ffff:ffff:ffff:ffff'],
  ['protocol assignments with Teredo', '2001::', '2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['documentation', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['6to4', '2002::', '2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['AS112', '2620:4f:8000::', '2620:4f:8000:ffff:ffff:ffff:ffff:ffff'],
  ['documentation, newer', '3fff::', '3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['not assigned', '4000::', '5eff::'],
  ['segment routing', '5f00::', '5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['unique local', 'fc00::', 'fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['instance metadata', 'fd00:ec2::254', 'fd20:ce::254'],
  ['link-local', 'fe80::', 'febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['site-local', 'fec0::', 'feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ['multicast', 'ff00::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
])('IPv6 addresses of %s are not public', (_purpose, first, last) => {
  expect(isPublic(first)).toBe(false)
  expect(isPublic(last)).toBe(false)
})

test.each([
  '2001:200::',
  '2001:db7:ffff::1',
  '2001:db9::',
  '2001:4860:4860::8888',
  '2003::',
  '2600:1f18::1',
  '2620:4f:7fff::1',
  '2a00::1',
  '3ffe:ffff::1',
])('the IPv6 address %s is public', (address) => {
  expect(isPublic(address)).toBe(true)
})

test.each([
  'fe80::1%eth0',
  '2600::1%eth0',
  '8.8.8.8%1',
  '8.8.8',
  '0x8.8.8.8',
  'example.com',
  '',
  '[::1]',
  '8.8.8.8:80',
])('"%s" is not an address, and therefore not public', (text) => {
  expect(isPublic(text)).toBe(false)
})

test('the address of the host agent of Azure is not public', () => {
  expect(isPublic('168.63.129.16')).toBe(false)
  expect(isPublic('168.63.129.15')).toBe(true)
  expect(isPublic('168.63.129.17')).toBe(true)
})
