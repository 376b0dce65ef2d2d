import { expect, test } from 'vitest'
import { isFromForeignPage, isLocal } from './local.ts'

test.each([
  ['localhost:8080', undefined],
  ['127.0.0.1', undefined],
  ['127.8.9.1:1', undefined],
  ['[::1]:8080', undefined],
  ['LocalHost:8080', undefined],
  ['hub.localhost:8080', undefined],
  ['ingest-hub:8080', undefined],
  ['gateway:4566', undefined],
  ['localhost:8080', 'http://localhost:8084'],
  ['localhost:8080', 'https://127.0.0.1'],
  ['localhost:8080', 'http://[::1]:3000'],
])('a request with Host %s and Origin %s is local', (host, origin) => {
  expect(isLocal({ host, origin }, ['ingest-hub', 'gateway'])).toBe(true)
})

test.each([
  ['evil.example', undefined],
  ['localhost.evil.example', undefined],
  ['127.0.0.1.evil.example:80', undefined],
  ['', undefined],
  [undefined, undefined],
  ['10.0.0.7:8080', undefined],
  ['0.0.0.0:8080', undefined],
  ['enricher:8081', undefined],
  ['localhost@evil.example', undefined],
  ['evil.example#.localhost', undefined],
  ['localhost:8080', 'http://evil.example'],
  ['localhost:8080', 'null'],
  ['localhost:8080', ''],
  ['localhost:8080', 'file://'],
  ['localhost:8080', 'http://localhost.evil.example'],
  ['localhost:8080', 'http://user@localhost'],
  ['localhost:8080', 'http://evil.example#localhost'],
  ['localhost:8080', 'chrome-extension://localhost'],
  ['localhost:8080', 'http://ingest-hub:8080'],
])('a request with Host %s and Origin %s is not local', (host, origin) => {
  expect(isLocal({ host, origin }, ['ingest-hub', 'gateway'])).toBe(false)
})

test('a request of HTTP/2 has its host in :authority', () => {
  expect(isLocal({ ':authority': 'localhost:8080' }, [])).toBe(true)
  expect(isLocal({ ':authority': 'evil.example' }, [])).toBe(false)
})

test("a foreign page's request without an Origin header is not local, but a followed link is", () => {
  const site = (dest: string, mode: string, where = 'cross-site') =>
    isLocal(
      { host: 'localhost:8084', 'sec-fetch-site': where, 'sec-fetch-dest': dest, 'sec-fetch-mode': mode },
      ['indexer'],
    )
  expect([site('image', 'no-cors'), site('script', 'no-cors'), site('iframe', 'navigate')]).toEqual([
    false,
    false,
    false,
  ])
  expect([
    site('document', 'navigate'),
    site('image', 'no-cors', 'same-origin'),
    site('empty', 'cors', 'same-site'),
  ]).toEqual([true, true, true])
})

test('a page of another site is recognised by its origin', () => {
  expect(isFromForeignPage({})).toBe(false)
  expect(isFromForeignPage({ origin: 'http://localhost:1' })).toBe(false)
  expect(isFromForeignPage({ origin: 'http://evil.example' })).toBe(true)
  expect(isFromForeignPage({ origin: 'null' })).toBe(true)
})
