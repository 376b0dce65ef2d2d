import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ConfigReader } from '@weir/config'
import { expect, test } from 'vitest'
import { bridgeConfig, parseBrokers } from './config.ts'

const PLANT = { name: 'plant', url: 'mqtt://broker.example', filters: ['plant/+/telemetry'] }

test('a broker needs a name, a URL and filters; the rest has defaults', () => {
  const { brokers, problems } = parseBrokers(JSON.stringify([PLANT]))
  expect(problems).toEqual([])
  expect(brokers[0]).toMatchObject({
    name: 'plant',
    host: 'broker.example',
    port: 1883,
    tls: false,
    group: 'weir',
    sessions: 12,
  })
  const secure = { ...PLANT, url: 'mqtts://[::1]', sessions: 1, username: 'u', password: 'p' }
  expect(parseBrokers(JSON.stringify([secure])).brokers[0]).toMatchObject({
    host: '::1',
    port: 8883,
    tls: true,
    sessions: 1,
  })
})

test.each([
  ['{', 'MQTT_BRIDGE is not JSON.'],
  ['{}', 'MQTT_BRIDGE must be a list of at most 16 brokers.'],
  [[null], 'needs a name'],
  [[{ ...PLANT, url: 'http://broker.example' }], 'needs a url such as'],
  [[{ ...PLANT, url: 'mqtt://user:secret@broker.example' }], 'has a user in its url'],
  [[{ ...PLANT, filters: [] }], 'needs 1 to 32 topic filters'],
  [[{ ...PLANT, filters: ['a/#/b'] }], 'has a wrong filter. The wildcard #'],
  [[{ ...PLANT, group: 'a/b' }], 'needs a group'],
  [[{ ...PLANT, sessions: 13 }], 'needs sessions from 1 to 12'],
  [[{ ...PLANT, certFile: '/cert.pem' }], 'needs both certFile and keyFile'],
  [[{ ...PLANT, passwort: 'secret' }], 'has a field "passwort", which is not known.'],
  [[PLANT, PLANT], 'Two brokers of MQTT_BRIDGE have the same name.'],
])('%j is a problem', (value, problem) => {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const reader = new ConfigReader({ MQTT_BRIDGE: text })
  bridgeConfig(reader)
  expect(reader.problems.join('\n')).toContain(problem)
  expect(reader.problems.join('\n')).not.toContain('secret')
})

test('a file that changes is read again; a wrong one leaves the brokers as they were', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bridge-'))
  const file = join(folder, 'brokers.json')
  const write = (brokers: readonly object[]): void => writeFileSync(file, JSON.stringify(brokers))
  write([PLANT])
  const read = bridgeConfig(new ConfigReader({ MQTT_BRIDGE_FILE: file }))!
  const first = read()
  expect(read()).toBe(first)
  write([{ ...PLANT, passwort: 'secret' }])
  await expect.poll(() => read().problems).toEqual([expect.stringContaining('"passwort"')])
  expect(read().brokers).toBe(first.brokers)
  write([PLANT, { ...PLANT, name: 'yard' }])
  await expect.poll(() => read().brokers.map(({ name }) => name)).toEqual(['plant', 'yard'])
  expect(read().problems).toEqual([])
  rmSync(folder, { recursive: true })
})

test('no broker is configured by default', () => {
  expect(bridgeConfig(new ConfigReader({}))).toBeUndefined()
})
