/**
 * A separate process that puts batches into a delivery stream of Firehose, and creates it if there is none:
 * PUT_URL, PUT_STREAM, PUT_BATCHES, PUT_SIZE, PUT_CONCURRENCY. Exits with 1 if a record is not stored.
 */
import {
  CreateDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  FirehoseClient,
  PutRecordBatchCommand,
} from '@aws-sdk/client-firehose'
import { dataOf, load, run } from './prepared.ts'

const DeliveryStreamName = process.env.PUT_STREAM!
const client = new FirehoseClient({
  endpoint: load.url.href,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
})

const active = () =>
  client.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName })).then(
    ({ DeliveryStreamDescription: found }) => found!.DeliveryStreamStatus === 'ACTIVE',
    () => false,
  )
if (!(await active())) {
  const ExtendedS3DestinationConfiguration = {
    RoleARN: 'arn:aws:iam::000000000000:role/bench',
    BucketARN: 'arn:aws:s3:::bench',
  }
  await client.send(
    new CreateDeliveryStreamCommand({ DeliveryStreamName, ExtendedS3DestinationConfiguration }),
  )
  while (!(await active())) await new Promise((resolve) => setTimeout(resolve, 50))
}

const commandOf = (number: number) =>
  new PutRecordBatchCommand({ DeliveryStreamName, Records: dataOf(number).map((Data) => ({ Data })) })
await run(commandOf, (command) => client.send(command), '"FailedPutCount":0')
client.destroy()
