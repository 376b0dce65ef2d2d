import { ConfigReader } from '@weir/config'
import { expect, test } from 'vitest'
import { egressConfig, isAllowed } from './config.ts'

const read = (allow?: string) => {
  const reader = new ConfigReader({ EGRESS_ALLOW: allow })
  return { config: egressConfig(reader), problems: reader.problems }
}

test('nothing is allowed in addition to public addresses, unless it is configured', () => {
  const { config, problems } = read()
  expect(problems).toEqual([])
  expect(config.allowedHosts.size).toBe(0)
  for (const address of ['127.0.0.1', '::1', '10.0.0.1']) expect(isAllowed(config, address)).toBe(false)
})

test('ranges, addresses and hosts with a port can be allowed', () => {
  const { config, problems } = read(
    '127.0.0.0/8, ::1/128,10.1.2.3 ,fd00::/8,Receiver.Local:08080,[::1]:9000,10.9.9.9:80',
  )
  expect(problems).toEqual([])
  for (const address of ['127.9.9.9', '::ffff:127.0.0.1', '::1', '10.1.2.3', 'fd12::1'])
    expect([address, isAllowed(config, address)]).toEqual([address, true])
  for (const address of ['128.0.0.1', '::2', '10.1.2.4', 'fe80::1', '10.9.9.9', 'fd12::1%eth0'])
    expect([address, isAllowed(config, address)]).toEqual([address, false])
  expect([...config.allowedHosts]).toEqual(['receiver.local:8080', '[::1]:9000', '10.9.9.9:80'])
})

test.each([
  '127.0.0.0/33',
  '::1/129',
  '127.0.0.0/',
  '127.0.0.0/8/8',
  '127.0.0.0/-1',
  '127.1/8',
  '0x7f.0.0.1',
  'fe80::1%eth0',
  'receiver',
  'receiver:0',
  'receiver:65536',
  'receiver:port',
  'http://receiver:80',
  'me:sesame@receiver:80',
  'receiver:80/path',
  ':80',
  '[::1',
  '[nonsense]:80',
])('%s is a problem of the configuration', (entry) => {
  const { config, problems } = read(entry)
  expect(problems).toEqual([
    `EGRESS_ALLOW holds "${entry}"; each entry is a range such as 10.1.0.0/16, an address, or host:port.`,
  ])
  expect(config.allowedHosts.size).toBe(0)
})
