/** Rules and messages that are meant to harm: each is refused or bounded, and the hub goes on. */
import { readFileSync } from 'node:fs'
import { CreateTopicRuleCommand } from '@aws-sdk/client-iot'
import { PublishCommand } from '@aws-sdk/client-iot-data-plane'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openWorld, roleArn } from './testing/rules.ts'

let world: Awaited<ReturnType<typeof openWorld>>
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.stop())

const memoryMb = (): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${world.hub.pid}/status`, 'utf8'))![1]) / 1024

const create = (sql: string, actions: object[] = [], more = {}) =>
  world.iot.send(
    new CreateTopicRuleCommand({
      ruleName: uniqueName('hostile').replace(/\W/g, '_'),
      topicRulePayload: { sql, actions: actions as never, awsIotSqlVersion: '2016-03-23', ...more },
    }),
  )

test.each([
  ['', 'SqlParseException', 'The SQL is empty.'],
  ["SELECT * FORM 'a'", 'SqlParseException', 'line 1, column 10'],
  ["SELECT nope(a) FROM 'a'", 'SqlParseException', 'line 1, column 8'],
  ["SELECT * FROM 'a/#/b'", 'SqlParseException', 'The wildcard # must be the whole last level'],
  [`SELECT ${'('.repeat(5000)}1${')'.repeat(5000)} AS x FROM 'a'`, 'SqlParseException', 'line 1'],
  [`SELECT '${'x'.repeat(70_000)}' AS x FROM 'a'`, 'SqlParseException', '65536'],
  ["SELECT regexp_matches(a, '(a+)+\\1') AS x FROM 'a'", 'SqlParseException', 'line 1'],
])('wrong SQL is refused: %#', async (sql, name, reason) => {
  await expect(create(sql)).rejects.toMatchObject({ name, message: expect.stringContaining(reason) })
})

test.each([
  [[{}], 'exactly one kind'],
  [[{ stepFunctions: { roleArn, stateMachineName: 'x' } }], 'Weir does not have this action'],
  [[{ kinesis: { roleArn, streamName: '${' } }], 'actions[0].kinesis.streamName: '],
  [[{ republish: { roleArn, topic: 'a/+' } }], 'must not contain + or #'],
  [[{ http: { url: 'file:///etc/passwd' } }], 'must begin with https:// or http://'],
  [[{ http: { url: 'http://a/', headers: [{ key: 'Host', value: 'b' }] } }], '"Host" cannot be set'],
  [[{ sns: { roleArn, targetArn: 'arn:aws:sqs:us-east-1:000000000000:x' } }], 'is not the ARN of a topic'],
])('the actions %j are refused', async (actions, reason) => {
  await expect(create("SELECT * FROM 'a'", actions)).rejects.toMatchObject({
    name: 'InvalidRequestException',
    message: expect.stringContaining(reason),
  })
})

test('hundreds of refused rules leave nothing behind', async () => {
  const sql = `SELECT ${Array.from({ length: 2000 }, (_, i) => `a${i} AS b${i}`).join(', ')} FORM 'a'`
  const some = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 20)
      await Promise.all(Array.from({ length: 20 }, () => create(sql).catch(() => {})))
  }
  await some(100)
  const before = memoryMb()
  await some(600)
  expect(memoryMb() - before).toBeLessThan(60)
}, 120_000)

test('catastrophic patterns, deep JSON and large payloads hold up nobody for long', async () => {
  await world.rule("SELECT regexp_matches(a, '(a|aa)+$') AS x FROM 'slow'", [])
  await world.rule("SELECT *, (SELECT VALUE concat(b, b, b) FROM a) AS c FROM 'slow'", [
    { republish: { roleArn, topic: 'slow' } },
  ])
  const payloads = [
    JSON.stringify({ a: `${'a'.repeat(120_000)}b` }),
    `{"a":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
    JSON.stringify({ a: Array.from({ length: 8000 }, () => ({ b: 'xxxx' })) }),
  ]
  const before = memoryMb()
  let slowest = 0
  let ended = false
  const watching = (async () => {
    while (!ended) {
      const asked = performance.now()
      await fetch(`${world.hub.url}/readyz`)
      slowest = Math.max(slowest, performance.now() - asked)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  })()
  for (let i = 0; i < 8; i++) await Promise.all(payloads.map((payload) => world.publish('slow', payload)))
  ended = true
  await watching
  expect(slowest).toBeLessThan(5000)
  expect(memoryMb() - before).toBeLessThan(200)
}, 120_000)

test.each([
  ['a/'.repeat(10), 'at most 8 levels'],
  ['x'.repeat(257), 'at most 256 bytes'],
  ['a/+', 'must not contain + or #'],
  ['a\0b', 'U+0000'],
  ['$SYS/x', 'reserved'],
])('a message to the topic %j is refused', async (topic, reason) => {
  await expect(
    world.data.send(new PublishCommand({ topic, payload: Buffer.from('{}') })),
  ).rejects.toMatchObject({ name: 'InvalidRequestException', message: expect.stringContaining(reason) })
})

test('a message of more than 128 KiB is refused', async () => {
  await expect(world.publish('large', 'x'.repeat(128 * 1024 + 1))).rejects.toMatchObject({
    $metadata: { httpStatusCode: 413 },
  })
  await world.publish('large', 'x'.repeat(128 * 1024))
})
