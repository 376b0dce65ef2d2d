import { expect, test } from 'vitest'
import { EgressError } from './errors.ts'
import { parseTarget } from './target.ts'

const failure = (url: string): EgressError => {
  try {
    parseTarget(url)
  } catch (error) {
    if (error instanceof EgressError) return error
  }
  throw new Error(`${url} is a target.`)
}

/** Spellings of the URL Standard (https://url.spec.whatwg.org/#concept-ipv4-parser) that hide an address. */
test.each([
  ['http://0x7f.1/', '127.0.0.1'],
  ['http://2130706433/', '127.0.0.1'],
  ['http://0177.0.0.1/', '127.0.0.1'],
  ['http://0x7F000001/', '127.0.0.1'],
  ['http://127.1/', '127.0.0.1'],
  ['http://127.0.0.1./', '127.0.0.1'],
  ['http://%31%32%37.0.0.1/', '127.0.0.1'],
  ['http://①②⑦.0.0.1/', '127.0.0.1'],
  ['http://127。0。0。1/', '127.0.0.1'],
  ['http:\\\\127.0.0.1\\', '127.0.0.1'],
  ['http:127.0.0.1', '127.0.0.1'],
  ['http://example.com@127.0.0.1/', '127.0.0.1'],
  ['http://0/', '0.0.0.0'],
  ['http://[::ffff:127.0.0.1]/', '[::ffff:7f00:1]'],
  ['http://[0:0:0:0:0:0:0:1]/', '[::1]'],
  ['http://[64:ff9b::127.0.0.1]/', '[64:ff9b::7f00:1]'],
  ['HTTP://EXAMPLE.com:080/', 'example.com'],
])('the host of %s is %s', (url, hostname) => {
  expect(parseTarget(url).hostname).toBe(hostname)
})

test.each([
  'ftp://example.com/',
  'file:///etc/passwd',
  'gopher://example.com/',
  'data:,x',
  'unix:/run/docker.sock',
  'example.com',
  '',
  'http://',
  'http:///',
  'http://[fe80::1%25eth0]/',
  'http://[::1',
  'http://256.0.0.1/',
  'http://1.2.3.4.5/',
  'http://4294967296/',
  'http://exa mple.com/',
  'http://example.com:65536/',
  'http://me:%zz@example.com/',
  `http://example.com/${'x'.repeat(8192)}`,
  `http://${'x.'.repeat(127)}com/`,
])('%s is refused', (url) => {
  const error = failure(url)
  expect(error.code).toBe('invalid-url')
  expect(error.retriable).toBe(false)
})

test.each([0, 22, 25, 587, 6000, 10_080])('the port %i, which fetch refuses, is refused', (port) => {
  expect(failure(`http://example.com:${port}/`).what).toBe(
    `The URL has port ${port}, which is not one of web servers.`,
  )
})

test('the default ports and others of web servers are taken', () => {
  const portOf = (url: string): number => parseTarget(url).port
  expect(portOf('http://example.com')).toBe(80)
  expect(portOf('https://example.com')).toBe(443)
  expect(portOf('https://example.com:80')).toBe(80)
  expect(portOf('http://example.com:8080')).toBe(8080)
  expect(portOf('http://example.com:65535')).toBe(65_535)
})

test('a user and a password in the URL become basic authentication, and are no part of the path', () => {
  const target = parseTarget('https://Aladdin:open%20sesame@example.com/a?b=c#d')
  // The example of RFC 7617, section 2.
  expect(target.authorization).toBe('Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==')
  expect(target.path).toBe('/a?b=c')
  expect(target.origin).toBe('https://example.com')
  expect(parseTarget('https://token@example.com').authorization).toBe(`Basic ${btoa('token:')}`)
  expect(parseTarget('https://example.com').authorization).toBeUndefined()
})

test('an error shows nothing of a URL that can be secret', () => {
  for (const url of [
    'ftp://me:sesame@example.com/?token=sesame',
    'http://me:sesame%@example.com/',
    'http://me:sesame@a b/?sesame',
  ])
    expect(failure(url).message).not.toContain('sesame')
})
