import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ConfigError, readConfig } from '@weir/config'
import { expect, test } from 'vitest'
import { kafkaConfig } from './config.ts'

function problemsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env, kafkaConfig)
    return []
  } catch (error) {
    return (error as ConfigError).problems
  }
}

test('without settings the broker is on this machine, in plain text', () => {
  expect(readConfig({}, kafkaConfig)).toEqual({
    brokers: ['127.0.0.1:9092'],
    driver: 'platformatic',
    groupProtocol: 'auto',
    compression: 'none',
    clientId: 'weir',
    rack: undefined,
    instanceId: undefined,
    tls: undefined,
    sasl: undefined,
  })
})

test('the password and the rack for TLS with SCRAM are read from mounted files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-'))
  writeFileSync(join(folder, 'ca.pem'), 'the authority')
  writeFileSync(join(folder, 'password'), 'secret\n')
  writeFileSync(join(folder, 'rack'), 'use1-az1\n')
  const config = readConfig(
    {
      KAFKA_BROKERS: 'a.example:9096,[::1]:9096',
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA: join(folder, 'ca.pem'),
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'weir',
      KAFKA_SASL_PASSWORD_FILE: join(folder, 'password'),
      KAFKA_RACK_FILE: join(folder, 'rack'),
    },
    kafkaConfig,
  )
  expect(config).toMatchObject({
    rack: 'use1-az1',
    brokers: ['a.example:9096', '[::1]:9096'],
    tls: { ca: 'the authority', cert: undefined },
    sasl: { mechanism: 'scram-sha-512', username: 'weir', password: 'secret' },
  })
})

test('every problem is a sentence that names its variable', () => {
  expect(problemsOf({ KAFKA_BROKERS: 'somewhere' })).toEqual([
    expect.stringContaining('KAFKA_BROKERS holds "somewhere"'),
  ])
  expect(problemsOf({ KAFKA_BROKERS: 'a:0,b:99999' })).toHaveLength(2)
  expect(problemsOf({ KAFKA_SASL_MECHANISM: 'plain' })).toEqual([
    expect.stringContaining('KAFKA_SASL_PASSWORD'),
  ])
  expect(problemsOf({ KAFKA_SASL_MECHANISM: 'msk-iam' })).toEqual([expect.stringContaining('AWS_REGION')])
  expect(problemsOf({ KAFKA_TLS: 'true', KAFKA_TLS_CERT: '/nowhere/cert.pem' })).toEqual([
    expect.stringContaining('KAFKA_TLS_CERT names /nowhere/cert.pem'),
  ])
  expect(problemsOf({ KAFKA_RACK_FILE: '/nowhere/rack' })).toEqual([
    expect.stringContaining('KAFKA_RACK_FILE names /nowhere/rack'),
  ])
  expect(problemsOf({ KAFKA_DRIVER: 'librdkafka' })).toEqual([expect.stringContaining('KAFKA_DRIVER')])
})

test('rotated passwords and certificates are read again, and kept while their file is missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-config-'))
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }
  const { sasl, tls } = readConfig(
    {
      KAFKA_TLS: 'true',
      KAFKA_TLS_CERT: write('cert', 'certificate 1'),
      KAFKA_TLS_KEY: write('key', 'key 1'),
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME_FILE: write('username', 'weir\n'),
      KAFKA_SASL_PASSWORD_FILE: write('password', 'one\n'),
    },
    kafkaConfig,
  )
  expect([{ ...sasl }, { ...tls }]).toEqual([
    { mechanism: 'scram-sha-512', username: 'weir', password: 'one' },
    { ca: undefined, cert: 'certificate 1', key: 'key 1' },
  ])
  for (const [name, text] of [
    ['username', 'weir_2'],
    ['password', 'two\n'],
    ['cert', 'certificate 2'],
    ['key', 'key 2'],
  ] as const)
    write(name, text)
  expect([{ ...sasl }, { ...tls }]).toEqual([
    { mechanism: 'scram-sha-512', username: 'weir_2', password: 'two' },
    { ca: undefined, cert: 'certificate 2', key: 'key 2' },
  ])
  write('password', '')
  rmSync(join(folder, 'cert'))
  expect([{ ...sasl }, { ...tls }]).toMatchObject([{ password: 'two' }, { cert: 'certificate 2' }])
})
