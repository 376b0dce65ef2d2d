/**
 * A separate process that puts batches into a stream, and creates the stream if there is none: PUT_URL,
 * PUT_STREAM, PUT_BATCHES, PUT_SIZE, PUT_CONCURRENCY. The requests are signed once and repeated, so that
 * this process spends no time on signing. Exits with 1 if a record is not stored.
 */
import { Agent, request } from 'node:http'
import {
  CreateStreamCommand,
  DescribeStreamSummaryCommand,
  KinesisClient,
  PutRecordsCommand,
} from '@aws-sdk/client-kinesis'
import { NodeHttpHandler } from '@smithy/node-http-handler'

interface Prepared {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

const url = new URL(process.env.PUT_URL!)
const StreamName = process.env.PUT_STREAM!
const batches = Number(process.env.PUT_BATCHES)
const size = Number(process.env.PUT_SIZE)
const concurrency = Number(process.env.PUT_CONCURRENCY)
const client = new KinesisClient({
  endpoint: url.href,
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

/** Prepares the signed request that the SDK would send, without sending it. */
async function prepare(number: number): Promise<Prepared> {
  const Records = Array.from({ length: size }, (_, i) => ({
    PartitionKey: `device-${(number * size + i) % 1000}`,
    Data: Buffer.alloc(200, `record ${number}/${i} `),
  }))
  const command = new PutRecordsCommand({ StreamName, Records })
  let prepared: Prepared | undefined
  command.middlewareStack.add(
    () => async (args: any) => {
      prepared = { headers: args.request.headers, body: Buffer.from(args.request.body) }
      throw new Error('prepared')
    },
    { step: 'deserialize', priority: 'low' },
  )
  await client.send(command).catch((error: Error) => {
    if (prepared === undefined) throw error
  })
  return prepared!
}

const prepared = await Promise.all(Array.from({ length: 20 }, (_, number) => prepare(number)))
const agent = new Agent({ keepAlive: true, maxSockets: concurrency })
const put = ({ headers, body }: Prepared): Promise<void> =>
  new Promise((resolve, reject) => {
    const sent = request(
      {
        host: url.hostname,
        port: url.port,
        path: '/',
        method: 'POST',
        agent,
        headers: { ...headers, 'content-length': body.length },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk
        })
        response.once('end', () =>
          response.statusCode === 200 && text.includes('"FailedRecordCount":0')
            ? resolve()
            : reject(new Error(`${url} answered ${response.statusCode}: ${text.slice(0, 300)}`)),
        )
      },
    )
    sent.once('error', reject)
    sent.end(body)
  })

let next = 0
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < batches) await put(prepared[next++ % prepared.length])
  }),
)
agent.destroy()
client.destroy()
