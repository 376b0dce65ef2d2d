/** kill -9 of replicas of pricing while clients write: what is answered is kept once, and the change stream has no gap. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateTableCommand,
  DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { TableChange } from '@weir/contracts'
import { kafkaCluster, uniqueName } from '@weir/testkit'
import { type ServiceProcess, untilReady } from '@weir/testkit/service-process.ts'
import { expect, onTestFinished, test } from 'vitest'
import { clientOf, openPricingWorld } from '../testing/pricing.ts'

const KILLS = process.env.WEIR_FAULTS === 'long' ? 20 : 2
const KEYS = Array.from({ length: 20 }, (_, i) => `item-${i}`)
const CLIENTS = 8

/** A write, and whether its client knows that it was done. */
interface Write {
  readonly key: string
  readonly id: string
  readonly isAnswered: boolean
}

test('what is answered is kept once, over kills of the replicas', async () => {
  const cluster = await kafkaCluster({ brokers: 1 })
  onTestFinished(() => cluster.stop())
  const world = await openPricingWorld({ brokers: cluster.brokers })
  onTestFinished(() => world.stop())
  const replicas = await Promise.all([world.start(), world.start()])
  onTestFinished(() => {
    for (const replica of replicas) replica.kill('SIGKILL')
  })
  await Promise.all(replicas.map(untilReady))
  const TableName = await makeTable(replicas[0])

  let isOver = false
  const writes: Write[] = []
  const writing = Promise.all(
    Array.from({ length: CLIENTS }, async () => {
      while (!isOver) writes.push(await write(replicas[writes.length % 2], TableName))
    }),
  )
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(1000 + Math.random() * 3000)
    const i = kill % 2
    replicas[i].kill('SIGKILL')
    await replicas[i].exited
    replicas[i] = await world.start()
  }
  await Promise.all(replicas.map(untilReady))
  await expect
    .poll(() => writes.filter(({ isAnswered }) => isAnswered).length, { timeout: 60_000 })
    .toBeGreaterThan(200)
  isOver = true
  await writing

  const changes = Map.groupBy(await world.changes(TableName), ({ keys }) => JSON.parse(keys).id.S)
  for (const key of KEYS) {
    const items = await Promise.all(replicas.map((replica) => read(replica, TableName, key)))
    expect(items[1]).toEqual(items[0])
    const ids = items[0].ops.L!.map(({ S }) => S!)
    const own = writes.filter((one) => one.key === key)
    const answered = own.filter(({ isAnswered }) => isAnswered).map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(new Set(answered).difference(new Set(ids))).toEqual(new Set())
    expect(new Set(ids).difference(new Set(own.map(({ id }) => id)))).toEqual(new Set())
    expectChain(changes.get(key)!, items[0])
  }
}, 600_000)

async function makeTable(replica: ServiceProcess): Promise<string> {
  const TableName = uniqueName('killed')
  await clientOf(DynamoDBClient, replica.url).send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      StreamSpecification: { StreamEnabled: true, StreamViewType: 'NEW_AND_OLD_IMAGES' },
    }),
  )
  return TableName
}

/** Appends an id of its own to an item. Never repeats a write. */
async function write({ url }: ServiceProcess, TableName: string): Promise<Write> {
  const key = KEYS[Math.floor(Math.random() * KEYS.length)]
  const id = randomUUID()
  const update = new UpdateItemCommand({
    TableName,
    Key: { id: { S: key } },
    UpdateExpression: 'SET ops = list_append(if_not_exists(ops, :none), :op)',
    ExpressionAttributeValues: { ':none': { L: [] }, ':op': { L: [{ S: id }] } },
  })
  const isAnswered = await clientOf(DynamoDBClient, url, { maxAttempts: 1 })
    .send(update)
    .then(
      () => true,
      () => false,
    )
  if (!isAnswered) await sleep(200)
  return { key, id, isAnswered }
}

async function read({ url }: ServiceProcess, TableName: string, key: string) {
  const { Item } = await clientOf(DynamoDBClient, url).send(
    new GetItemCommand({ TableName, Key: { id: { S: key } }, ConsistentRead: true }),
  )
  return Item!
}

/** The versions have no gap, and each change begins where the one before it ended. */
function expectChain(changes: readonly TableChange[], item: object): void {
  expect(changes.map(({ version }) => version)).toEqual(changes.map((_, i) => i + 1))
  let image: string | null = null
  for (const { oldImage, newImage } of changes) {
    expect(oldImage).toBe(image)
    image = newImage
  }
  expect(JSON.parse(image!)).toEqual(item)
}
