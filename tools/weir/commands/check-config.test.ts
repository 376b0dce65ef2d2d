import { SERVICES, services } from '@weir/contracts/services.ts'
import { expect, test } from 'vitest'
import { check, report } from './check-config.ts'

test('a setting is reported as set or as having its default, even if it is set to an empty text', async () => {
  const text = report(await check('indexer', { SEARCH_URL: 'http://search:9200', API_KEYS_FILE: '' }))
  const from = (name: string): string | undefined =>
    new RegExp(`${name} .*?(set|default|missing) `).exec(text)?.[1]
  expect([from('SEARCH_URL'), from('API_KEYS_FILE'), from('KAFKA_DRIVER')]).toEqual([
    'set',
    'default',
    'default',
  ])
})

test('passwords are masked, wherever a URL has them', async () => {
  const text = report(
    await check('enricher', {
      REDIS_URL: 'redis://h:6379?pass%77ord=sesame',
      REGISTRY_URL: 'http://me:sesame@h',
      ENRICHER_URL: 'x',
      HTTP_PORT: '//me:sesame@h',
    }),
  )
  expect(text).toContain('redis://h:6379?pass%77ord=********')
  expect(text).toContain('HTTP_PORT is "//me:********@h"')
  expect(text).not.toContain('sesame')
})

test('an address that is not a URL is a problem', async () => {
  expect((await check('weir', { HUB_URL: 'hub:8080', REGISTRY_URL: 'nonsense' })).problems).toEqual([
    'HUB_URL is "hub:8080"; it must be a URL such as http://localhost:8080.',
    'REGISTRY_URL is "nonsense"; it must be a URL such as http://localhost:8181/apis/ccompat/v7.',
  ])
})

const ADDRESSES = {
  kafka: 'KAFKA_BROKERS',
  registry: 'REGISTRY_URL',
  redis: 'REDIS_URL',
  search: 'SEARCH_URL',
} as const

test.each(SERVICES)(
  '%s reads the addresses of the servers that it needs or uses, and no others',
  async (name) => {
    const read = (await check(name, {})).settings.map((setting) => setting.name)
    const { needs, uses } = services[name]
    const addresses = Object.values(ADDRESSES).filter((address) => read.includes(address))
    // AWS's SDK reads the address of the object store by itself.
    const servers = [...needs, ...uses].filter((server) => server !== 'objects')
    expect(addresses).toEqual(servers.map((server) => ADDRESSES[server]))
  },
)
