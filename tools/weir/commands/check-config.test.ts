import { expect, test } from 'vitest'
import { check, report } from './check-config.ts'

test('a setting is set, has its default, though that be empty, or is missing', async () => {
  const text = report(await check('indexer', { SEARCH_URL: 'http://search:9200', API_KEYS_FILE: '' }))
  const from = (name: string): string | undefined => new RegExp(`${name} .*?(set|default|missing) `).exec(text)?.[1]
  expect([from('SEARCH_URL'), from('API_KEYS_FILE'), from('KAFKA_DRIVER')]).toEqual(['set', 'default', 'default'])
})
