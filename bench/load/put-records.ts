/**
 * A separate process that puts batches into a stream of Kinesis, and creates the stream if there is none:
 * PUT_URL, PUT_STREAM, PUT_BATCHES, PUT_SIZE, PUT_CONCURRENCY. Exits with 1 if a record is not stored.
 */
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'
import { dataOf, load, run } from './prepared.ts'

const StreamName = process.env.PUT_STREAM!
const client = new KinesisClient({
  endpoint: load.url.href,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  requestHandler: new NodeHttpHandler(),
})

const active = () =>
  client.send(new DescribeStreamSummaryCommand({ StreamName })).then(
    ({ StreamDescriptionSummary: found }) => found!.StreamStatus === 'ACTIVE',
    () => false,
  )
if (!(await active())) {
  // kinesalite does not know stream modes and needs a number of shards.
  await client
    .send(new CreateStreamCommand({ StreamName, StreamModeDetails: { StreamMode: 'ON_DEMAND' } }))
    .catch(() => client.send(new CreateStreamCommand({ StreamName, ShardCount: 4 })))
  while (!(await active())) await new Promise((resolve) => setTimeout(resolve, 50))
}

const commandOf = (number: number) =>
  new PutRecordsCommand({
    StreamName,
    Records: dataOf(number).map((Data, i) => ({
      PartitionKey: `device-${(number * load.size + i) % 1000}`,
      Data,
    })),
  })
await run(commandOf, (command) => client.send(command), '"FailedRecordCount":0')
client.destroy()
