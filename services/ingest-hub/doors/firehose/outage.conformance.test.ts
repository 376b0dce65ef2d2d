/** Records that are put while a broker hangs and dies: each that is acknowledged is stored. */
import { FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from '@aws-sdk/client-firehose'
import { kafkaCluster } from '@weir/testkit'
import { afterAll, expect, test } from 'vitest'
import { openFirehoseTests } from './testing/firehose.ts'

const cluster = await kafkaCluster({ brokers: 1 })
// After the hub: hooks run in reverse order.
afterAll(() => cluster.stop())
const { hub, client, create, stored } = await openFirehoseTests(cluster.brokers)

const BATCH = 20

test('what is acknowledged is stored in order, and what is not says so', { timeout: 170_000 }, async () => {
  const DeliveryStreamName = await create()
  // AWS's client repeats requests that failed as a whole, and its callers the records that failed.
  const patient = new FirehoseClient({
    endpoint: hub.url,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 100,
  })
  let next = 0
  let failed = 0
  let stopped = false
  const putting = (async () => {
    while (!stopped) {
      let texts = Array.from({ length: BATCH }, () => String(next++))
      while (texts.length > 0) {
        const Records = texts.map((text) => ({ Data: Buffer.from(text) }))
        const { RequestResponses, FailedPutCount } = await patient.send(
          new PutRecordBatchCommand({ DeliveryStreamName, Records }),
        )
        const again = texts.filter((_, i) => RequestResponses![i].ErrorCode !== undefined)
        expect(again).toHaveLength(FailedPutCount!)
        failed += again.length
        texts = again
      }
    }
  })()
  const progress = async () => {
    const from = next
    await expect.poll(() => next, { timeout: 60_000 }).toBeGreaterThan(from + 10 * BATCH)
  }
  const refused = async () => {
    const started = performance.now()
    const put = client.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: Buffer.from('x') } }))
    await expect(put).rejects.toMatchObject({
      name: 'ServiceUnavailableException',
      $metadata: { httpStatusCode: 500 },
    })
    expect(performance.now() - started).toBeLessThan(15_000)
  }
  await progress()
  cluster.pause(0)
  await refused()
  cluster.resume(0)
  await progress()
  await cluster.kill(0)
  await refused()
  await cluster.restart(0)
  await progress()
  stopped = true
  await putting
  patient.destroy()
  expect(failed).toBeGreaterThan(0)

  // Repetitions may be stored later than records that follow the first one.
  const found = (await stored(DeliveryStreamName)).map(({ text }) => text).filter((text) => text !== 'x')
  expect([...new Set(found)]).toEqual(Array.from({ length: next }, (_, i) => String(i)))
})
