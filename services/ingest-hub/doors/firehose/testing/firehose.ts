/** Shared by the tests of Firehose's API: a hub for each test file, and its client. */
import {
  CreateDeliveryStreamCommand,
  type CreateDeliveryStreamCommandInput,
  DescribeDeliveryStreamCommand,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
} from '@aws-sdk/client-firehose'
import { decodeHeaders, type Kafka, keyOf, valueOf } from '@weir/kafka'
import { uniqueName } from '@weir/testkit'
import { afterAll, expect } from 'vitest'
import type { Backends, Hub } from '../../../testing/hub.ts'
import { openHubForTests } from '../../../testing/hub-for-tests.ts'

export interface FirehoseTests {
  readonly backends: Backends
  readonly kafka: Kafka
  readonly hub: Hub
  readonly client: FirehoseClient
  /** Creates a delivery stream, waits until it is ACTIVE, and returns its name. */
  create(changes?: Partial<CreateDeliveryStreamCommandInput>): Promise<string>
  /** The records in its topic, by partition in offset order. */
  stored(name: string): Promise<readonly Stored[]>
}

export interface Stored {
  readonly partition: number
  readonly offset: number
  readonly key: Buffer | null
  readonly text: string
  readonly headers: Readonly<Record<string, string>>
}

export const DESTINATION: ExtendedS3DestinationConfiguration = {
  RoleARN: 'arn:aws:iam::000000000000:role/delivery',
  BucketARN: 'arn:aws:s3:::lake',
}

/** @param cluster brokers of the test's own; the shared one if not given */
export async function openFirehoseTests(cluster?: readonly string[]): Promise<FirehoseTests> {
  const { kafka, hub, backends } = await openHubForTests(cluster)
  const client = clientOf(hub)
  afterAll(() => client.destroy())

  async function create(changes: Partial<CreateDeliveryStreamCommandInput> = {}): Promise<string> {
    const name = changes.DeliveryStreamName ?? uniqueName('delivery')
    const input = { DeliveryStreamName: name, ExtendedS3DestinationConfiguration: DESTINATION, ...changes }
    await client.send(new CreateDeliveryStreamCommand(input))
    await expect.poll(() => statusOf(client, name), { timeout: 30_000 }).toBe('ACTIVE')
    return name
  }

  async function stored(name: string): Promise<readonly Stored[]> {
    const found: Stored[] = []
    const reading = await kafka.read(
      { topics: [`delivery.${name}`], from: 'earliest', until: 'end' },
      (batch) => {
        for (let i = 0; i < batch.length; i++)
          found.push({
            partition: batch.partition,
            offset: batch.offsets[i],
            key: keyOf(batch, i),
            text: String(valueOf(batch, i)),
            headers: decodeHeaders(batch.bytes, batch.headersStart[i]),
          })
      },
    )
    await reading.done
    return found.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  }

  return { backends, kafka, hub, client, create, stored }
}

export function clientOf(
  { url }: Hub,
  credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
): FirehoseClient {
  return new FirehoseClient({ endpoint: url, region: 'us-east-1', credentials, maxAttempts: 1 })
}

/** CREATING, ACTIVE, DELETING, or the name of the error. */
export async function statusOf(client: FirehoseClient, name: string): Promise<string> {
  try {
    const found = await client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: name }))
    return found.DeliveryStreamDescription!.DeliveryStreamStatus!
  } catch (error) {
    return (error as Error).name
  }
}
