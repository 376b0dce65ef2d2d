import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { readAgentConfig } from './config.ts'

const folder = mkdtempSync(join(tmpdir(), 'weir-agent-config-'))
afterAll(() => rmSync(folder, { recursive: true }))
const file = join(folder, 'agent.json')

function read(config: unknown, env: Record<string, string> = {}) {
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config))
  return readAgentConfig(file, { hubUrl: 'http://localhost:8080', env })
}
const flow = { filePattern: '/var/log/app*.log', deliveryStream: 'clicks' }
const withFlow = (changes: object) => ({ flows: [{ ...flow, ...changes }] })

test("a file of Amazon's agent is read, and says what has no effect", () => {
  const config = read({
    'cloudwatch.emitMetrics': true,
    'firehose.endpoint': 'firehose.eu-west-1.amazonaws.com',
    awsAccessKeyId: 'id',
    awsSecretAccessKey: 'secret',
    flows: [
      flow,
      { filePattern: ['/tmp/a', '/tmp/b*'], kinesisStream: 'visits', maxBufferAgeMillis: '5000' },
    ],
  })
  expect(config).toMatchObject({
    region: 'eu-west-1',
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    warnings: ['cloudwatch.emitMetrics has no effect here.'],
  })
  expect(config.urls.firehose.href).toBe('https://firehose.eu-west-1.amazonaws.com/')
  expect(config.urls.kinesis.href).toBe('http://localhost:8080/')
  const [first, second] = config.flows
  expect(first).toMatchObject({
    api: 'firehose',
    stream: 'clicks',
    startAtEnd: true,
    maxAgeMs: 60_000,
    pollMs: 100,
  })
  expect(first.files).toEqual([{ folder: '/var/log', names: 'app*.log' }])
  expect(second).toMatchObject({ api: 'kinesis', maxAgeMs: 5000, maxBytes: 5 << 20 })
})

describe('what is wrong is said, with its place', () => {
  test.each([
    ['{', 'is not JSON'],
    [{}, 'flows is missing'],
    [{ flows: [] }, 'flows must have'],
    [withFlow({ kinesisStream: 'also' }), 'flows[0] needs either kinesisStream or deliveryStream'],
    [withFlow({ filePattern: '/var/*/app.log' }), 'wildcards in the name of the file only'],
    [withFlow({ maxBufferAgeMillis: 5 }), 'flows[0].maxBufferAgeMillis must be'],
    [withFlow({ maxBufferSizeRecords: 501 }), 'flows[0].maxBufferSizeRecords must be'],
    [withFlow({ initialPosition: 'MIDDLE' }), 'flows[0].initialPosition must be'],
    [withFlow({ multiLineStartPattern: '(' }), 'flows[0].multiLineStartPattern is not a pattern'],
    [withFlow({ partitionKeyOption: 'RANDOM' }), 'is for a kinesisStream only'],
    [
      withFlow({ dataProcessingOptions: [{ optionName: 'ZIP' }] }),
      'dataProcessingOptions[0].optionName must be',
    ],
    [withFlow({ dataProcessingOptions: [{ optionName: 'CSVTOJSON' }] }), '[0].customFieldNames is missing'],
    [withFlow({ dataProcessingOptions: [{ optionName: 'LOGTOJSON' }] }), '[0].logFormat is missing'],
    [
      withFlow({ dataProcessingOptions: [{ optionName: 'LOGTOJSON', matchPattern: '(a)' }] }),
      '[0].customFieldNames is missing',
    ],
    [{ flows: [flow], awsAccessKeyId: 'id' }, 'set both or none'],
    [{ flows: [flow], 'kinesis.endpoint': 'http://:80:80' }, 'kinesis.endpoint must be an address'],
  ])('%j', (config, message) => expect(() => read(config)).toThrow(message))

  test('a file that is not there', () =>
    expect(() => readAgentConfig(join(folder, 'none'), { hubUrl: 'http://localhost', env: {} })).toThrow(
      'cannot be read',
    ))
})
