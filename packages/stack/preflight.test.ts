import { once } from 'node:events'
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readConfig } from '@weir/config'
import { expect, onTestFinished, test } from 'vitest'
import { chooseParts, PARTS, portsNeeded, stackConfig } from './config.ts'
import { findJava } from './java.ts'
import { preflight } from './preflight.ts'

const folder = (): string => mkdtempSync(join(tmpdir(), 'weir-preflight-'))

test.runIf(process.platform === 'linux')('a taken port: who holds it and what to do', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await expect(
    preflight([{ what: 'redis', variable: 'REDIS_PORT', port, http: false }], [folder()]),
  ).rejects.toThrow(
    new RegExp(
      `^Port ${port} for redis is taken by .+ \\(pid ${process.pid}\\); stop that, or choose another port with REDIS_PORT=…$`,
    ),
  )
})

test('a port that fetch refuses is refused, where HTTP is spoken', async () => {
  await expect(
    preflight([{ what: 'ingest-hub', variable: 'HUB_PORT', port: 10_080, http: true }], [folder()]),
  ).rejects.toThrow(
    /^Port 10080 for ingest-hub is one that browsers and fetch refuse to connect to; choose another port with HUB_PORT=…$/,
  )
  const parts = new Set(PARTS)
  const others = (env: Readonly<Record<string, string>>): string[] =>
    portsNeeded({ parts, ...readConfig(env, stackConfig) }).flatMap(({ http, what }) => (http ? [] : what))
  expect(others({})).toEqual(['kafka', 'redis', 'e-mails to inbox', 'mqtt of ingest-hub'])
  expect(others({ TLS_CERT_FILE: 'tls.crt' })).toEqual([
    'kafka',
    'redis',
    'e-mails to inbox',
    'mqtt of ingest-hub',
    'mqtts of ingest-hub',
  ])
})

test('no Java: what to install', () => {
  expect(() => findJava({ PATH: folder() })).toThrow(
    'Java is not installed; install Java 17 or newer (for example openjdk-17-jre-headless), or set JAVA_HOME.',
  )
})

test('an old Java is named', () => {
  const path = folder()
  writeFileSync(join(path, 'java'), '#!/bin/sh\necho "openjdk 11.0.2 2019-01-15"\n')
  chmodSync(join(path, 'java'), 0o755)
  expect(() => findJava({ PATH: path })).toThrow(
    `${join(path, 'java')} is Java 11: install Java 17 or newer and set JAVA_HOME to it.`,
  )
})

test('--only takes known names, and the registry needs its Kafka', () => {
  const all = { simulator: true, otherObjectStore: false }
  expect([...chooseParts('kafka, redis', all)]).toEqual(['kafka', 'redis'])
  expect(chooseParts(undefined, { ...all, simulator: false }).has('simulator')).toBe(false)
  expect(() => chooseParts('kafak', all)).toThrow('--only names "kafak"; it may name kafka, registry,')
  expect(() => chooseParts('registry', all)).toThrow(
    '--only names the registry without kafka, in which the registry stores its data; name both.',
  )
})
