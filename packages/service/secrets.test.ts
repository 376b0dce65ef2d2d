import { expect, test } from 'vitest'
import { ConfigError } from './config.ts'
import { withoutPasswords } from './secrets.ts'

test('passwords of URLs are not shown, nor what configuration errors quote', () => {
  expect(withoutPasswords('redis://:sesame@a:1, https://me:sesame@b:2/x?y=c:d@e')).toBe('redis://:********@a:1, https://me:********@b:2/x?y=c:d@e')
  for (const plain of ['redis://localhost:6379', 'localhost:9092', 'http://a/b:c@d', 'https://me@host']) expect(withoutPasswords(plain)).toBe(plain)
  expect(new ConfigError(['SEARCH_URL holds "ftp://me:sesame@h".']).message).not.toContain('sesame')
})
