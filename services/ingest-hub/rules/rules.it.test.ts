/** Rules whose actions stay in Weir's own Kafka, by AWS's clients. */

import { PublishCommand } from '@aws-sdk/client-iot-data-plane'
import { CreateStreamCommand, KinesisClient } from '@aws-sdk/client-kinesis'
import { decodeHeaders, keyOf, valueOf } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { report, storedFrom, TOPIC } from '../testing/hub.ts'
import { credentials, openWorld, region, roleArn } from './testing/rules.ts'

let world: Awaited<ReturnType<typeof openWorld>>
beforeAll(async () => {
  world = await openWorld()
})
afterAll(() => world?.stop())

const kafkaAction = (topic: string, more = {}) => ({
  kafka: {
    destinationArn: 'arn:aws:iot:us-east-1:000000000000:ruledestination/vpc/x',
    topic,
    clientProperties: {},
    ...more,
  },
})

/** The records of a stream, in the order of each partition. */
async function recordsOf(stream: string) {
  const found: { key: string; value: string; headers: Record<string, string> }[] = []
  const reading = await world.kafka.read(
    { topics: [`stream.${stream}`], from: 'earliest', until: 'end' },
    async (batch) => {
      for (let i = 0; i < batch.length; i++)
        found.push({
          key: String(keyOf(batch, i)),
          value: String(valueOf(batch, i)),
          headers: decodeHeaders(batch.bytes, batch.headersStart[i]),
        })
    },
  )
  await reading.done
  return found
}

async function createStream(): Promise<string> {
  const StreamName = uniqueName('rules')
  const kinesis = new KinesisClient({ endpoint: world.hub.url, region, credentials })
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount: 2 }))
  await vi.waitFor(async () => expect(await world.kafka.partitions(`stream.${StreamName}`)).toBe(2), 20_000)
  return StreamName
}

const kinesisAction = (streamName: string, partitionKey?: string) => ({
  kinesis: { roleArn, streamName, partitionKey },
})

describe('the action kinesis', () => {
  test('stores the result of SELECT before the publisher is answered', async () => {
    const stream = await createStream()
    await world.rule("SELECT temperature, topic(2) AS truck FROM 'trucks/+/engine' WHERE temperature > 100", [
      kinesisAction(stream, '${topic(2)}'),
    ])
    await vi.waitFor(async () => {
      await world.publish('trucks/17/engine', { temperature: 112, fuel: 3 })
      expect(await recordsOf(stream)).not.toEqual([])
    }, 20_000)
    await world.publish('trucks/17/engine', { temperature: 90 })
    await world.publish('trucks/17/brakes', { temperature: 120 })
    await world.publish('trucks/18/engine', { temperature: 101.5 })
    const found = await recordsOf(stream)
    expect(found.map(({ key, value }) => [key, JSON.parse(value)])).toEqual(
      expect.arrayContaining([
        ['17', { temperature: 112, truck: '17' }],
        ['18', { temperature: 101.5, truck: '18' }],
      ]),
    )
    expect(found).toHaveLength(2)
    expect(found[0].headers).toMatchObject({
      'weir-source': 'test',
      'weir-id': expect.stringMatching(/-0\.[0-9a-f]{8}\.0$/),
    })
  })

  test('is given bytes as they are, and messages of Basic Ingest', async () => {
    const stream = await createStream()
    const name = await world.rule("SELECT * FROM 'never/used'", [kinesisAction(stream, '${topic()}')])
    await vi.waitFor(async () => {
      await world.publish(`$aws/rules/${name}/direct/topic`, Buffer.of(0xff, 0x00, 0x41))
      expect(await recordsOf(stream)).toMatchObject([{ key: 'direct/topic' }])
    }, 20_000)
  })
})

describe('the action kafka', () => {
  test('writes values of the contract, with the key of the contract and own headers', async () => {
    const truck = uniqueName('truck')
    await world.rule(`SELECT *, '${truck}' AS deviceId FROM 'taxis/+/report'`, [
      kafkaAction(TOPIC, { headers: [{ key: 'region', value: '${topic(2)}' }] }),
    ])
    const value = report({ speed: 17 })
    await vi.waitFor(async () => {
      await world.publish('taxis/north/report', value)
      const found = (await storedFrom(world.kafka, world.backends.registryUrl, 'test')).filter(
        ({ key }) => key === truck,
      )
      expect(found[0]).toMatchObject({
        value: { ...value, deviceId: truck },
        headers: { region: 'north', 'weir-client': 'test' },
      })
    }, 20_000)
  })

  test('refuses topics that clients may not write to', async () => {
    await expect(world.rule("SELECT * FROM 'a'", [kafkaAction('weir.control.rules')])).rejects.toThrow(
      /actions\[0\]\.kafka\.Rules may write only to topics of the table with a door for clients: taxi\.telemetry/,
    )
    await expect(world.rule("SELECT * FROM 'a'", [kafkaAction('stream.orders')])).rejects.toThrow(
      'is a stream; write to it with the action kinesis, streamName orders.',
    )
  })
})

describe('the action republish', () => {
  test('makes rules run again, five times at most', async () => {
    const stream = await createStream()
    await world.rule("SELECT n + 1 AS n FROM 'loop'", [
      { republish: { roleArn, topic: 'loop' } },
      kinesisAction(stream, 'x'),
    ])
    await vi.waitFor(async () => {
      await world.publish('loop', { n: 0 })
      expect(await recordsOf(stream)).not.toEqual([])
    }, 20_000)
    expect((await recordsOf(stream)).map(({ value }) => JSON.parse(value).n)).toEqual([1, 2, 3, 4, 5, 6])
  })

  test('passes on properties of MQTT 5', async () => {
    const stream = await createStream()
    await world.rule("SELECT * FROM 'first'", [
      {
        republish: {
          roleArn,
          topic: 'second/${a}',
          headers: {
            contentType: 'application/json',
            userProperties: [{ key: 'from', value: "${get_user_properties('origin')}" }],
          },
        },
      },
    ])
    await world.rule(
      "SELECT a, topic() AS t, get_mqtt_property('content_type') AS c, get_user_properties('from') AS f FROM 'second/#'",
      [kinesisAction(stream, 'x')],
    )
    await vi.waitFor(async () => {
      const userProperties = JSON.stringify([{ origin: 'north' }])
      await world.data.send(
        new PublishCommand({ topic: 'first', qos: 1, payload: Buffer.from('{"a":1}'), userProperties }),
      )
      const [found] = await recordsOf(stream)
      expect(JSON.parse(found.value)).toEqual({
        a: 1,
        t: 'second/1',
        c: 'application/json',
        f: ['["north"]'],
      })
    }, 20_000)
  })
})
