import { expect, inject, test } from 'vitest'
import { ConfigError } from './config.ts'
import { withoutPasswords } from './secrets.ts'

test.each([
  [
    'redis://:sesame@a:1, https://me:sesame@b:2/x?y=c:d@e',
    'redis://:********@a:1, https://me:********@b:2/x?y=c:d@e',
  ],
  ['http://a:sesame@h1:9200,http://b:sesame@h2:9200', 'http://a:********@h1:9200,http://b:********@h2:9200'],
  ['redis://:ses/am+e==@a:1/0', 'redis://:********@a:1/0'],
  ['redis://me:ses@me@a', 'redis://me:********@a'],
  ['redis://me:12345@a', 'redis://me:********@a'],
  ['me:sesame@a:6379', 'me:********@a:6379'],
  ['redis://a:6379?db=1&password=sesame', 'redis://a:6379?db=1&password=********'],
  ['rediss://a/0?Pass%77ord=ses%61me&family=4', 'rediss://a/0?Pass%77ord=********&family=4'],
  [
    'http://a/x?api_key=sesame&access-token=sesame&sig=sesame#access_token=sesame',
    'http://a/x?api_key=********&access-token=********&sig=********',
  ],
  ['redis://a?sentinelPassword=ses;am#e', 'redis://a?sentinelPassword=********'],
  [
    'https://a/?X-Amz-Credential=sesame&X-Amz-Signature=sesame',
    'https://a/?X-Amz-Credential=********&X-Amz-Signature=********',
  ],
  [
    'http://a?next=redis%3A%2F%2F%3Asesame%40b&to=http%3A%2F%2Fb%2F%3Ftoken%3Dsesame',
    'http://a?next=********&to=********',
  ],
  ['https://sesame-sesame-sesame@h/x', 'https://********@h/x'],
  ['https://sesame:@h:9200,https://sesame-sesame-sesame:@i', 'https://********@h:9200,https://********@i'],
  [
    'http://a?pw=sesame&private_key_base64=sesame&apiKey2=sesame&jwt=sesame',
    'http://a?pw=********&private_key_base64=********&apiKey2=********&jwt=********',
  ],
  ['redis://a?password=%E0%A4%A', 'redis://a?password=********'],
])('the passwords in %s are masked', (text, masked) => {
  expect(withoutPasswords(text)).toBe(masked)
  expect(withoutPasswords(masked)).toBe(masked)
})

test.each([
  'redis://localhost:6379',
  'localhost:9092',
  'http://a/b:c@d',
  'https://me@host',
  'http://a:8080/x?y=c:d@e',
  'http://a?author=me&page=2',
  'http://a?keyPrefix=me&keyFile=/me&keyspace=me',
  'note: me@host',
  'at run (file:///app/node_modules/@weir/config/secrets.ts:10:3)',
  '{"msg":"me@host","n":1}',
])('%s has no password to mask', (plain) => {
  expect(withoutPasswords(plain)).toBe(plain)
})

test('errors of the configuration show no passwords', () => {
  const { message } = new ConfigError(['SEARCH_URL holds "ftp://me:sesame@h?token=sesame".'])
  expect(message).not.toContain('sesame')
})

test('masking takes time linear in the length of the text', () => {
  const from = performance.now()
  for (const unit of ['//a:', '//a:b@', '?a=b@', '&password='])
    withoutPasswords(`${unit.repeat(inject('thorough') ? 30_000 : 10_000)}@`)
  expect(performance.now() - from).toBeLessThan(10_000)
})
