import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  CreateStreamCommand,
  GetShardIteratorCommand,
  KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  waitUntilStreamExists,
} from '@aws-sdk/client-kinesis'
import { signatureHeaders } from '@weir/aws'
import { batch, prepare, report, startHub, TOPIC } from '@weir/ingest-hub/testing/hub.ts'
import { servers, uniqueName } from '@weir/testkit'
import { makeCertificates } from '@weir/testkit/certificates.ts'
import type { ServiceProcess } from '@weir/testkit/service-process.ts'
import type { Victim } from './attack.ts'
import { GREEDY, guarded, HONEST, HONEST_API_KEY, REGION, type Target } from './target.ts'

export interface HubVictim extends Victim {
  readonly tlsPort: number
  /** A stream with some megabytes of records. */
  readonly stream: string
  /** An iterator at the beginning of the stream. */
  readonly iterator: string
}

/** Returns the headers of a POST to the Kinesis door, signed by the greedy client. */
export function signedBy({ url }: Victim, operation: string, body: string): Readonly<Record<string, string>> {
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `Kinesis_20131202.${operation}`,
  }
  return signatureHeaders({ method: 'POST', url: new URL(url), body, headers }, GREEDY, REGION, 'kinesis')
}

export async function openHubTarget(): Promise<Target<HubVictim>> {
  const [{ brokers }, { url: registryUrl }] = await Promise.all([servers.kafka(), servers.registry()])
  const backends = { brokers, registryUrl }
  await (await prepare(backends)).stop()
  const stream = uniqueName('hostile')
  const { env, folder } = guarded({ streams: [stream] })
  const { keyFile } = await makeCertificates(folder)
  const tls = { HTTPS_PORT: '0', TLS_CERT_FILE: keyFile, TLS_KEY_FILE: keyFile }
  const service = await startHub(backends, { ...env, ...tls, KINESIS_THROTTLING: 'false' })
  const { url } = service
  const tlsPort = await tlsPortOf(service)
  const client = new KinesisClient({ endpoint: url, region: REGION, credentials: HONEST, maxAttempts: 1 })
  await client.send(new CreateStreamCommand({ StreamName: stream, ShardCount: 1 }))
  await waitUntilStreamExists({ client, maxWaitTime: 30, minDelay: 1, maxDelay: 1 }, { StreamName: stream })
  for (let i = 0; i < 16; i++) {
    await client.send(
      new PutRecordsCommand({
        StreamName: stream,
        Records: [{ Data: Buffer.alloc(900_000, i), PartitionKey: 'k' }],
      }),
    )
  }
  return {
    service,
    victim: async () => {
      const from = {
        StreamName: stream,
        ShardId: 'shardId-000000000000',
        ShardIteratorType: 'TRIM_HORIZON',
      } as const
      return {
        url,
        tlsPort,
        stream,
        iterator: (await client.send(new GetShardIteratorCommand(from))).ShardIterator!,
      }
    },
    honest: {
      put: () =>
        client
          .send(new PutRecordCommand({ StreamName: stream, Data: Buffer.from('x'), PartitionKey: 'k' }))
          .then(() => 'ok'),
      post: async () => {
        const headers = { 'content-type': 'application/json', 'x-api-key': HONEST_API_KEY }
        const response = await fetch(`${url}/v1/topics/${TOPIC}/records`, {
          method: 'POST',
          headers,
          body: batch([{ value: report() }]),
        })
        await response.text()
        return response.status === 200 ? 'ok' : String(response.status)
      },
    },
    stop: async () => {
      client.destroy()
      service.kill('SIGTERM')
      await service.exited
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Returns the TLS port, from the service's log. */
async function tlsPortOf({ logs }: ServiceProcess): Promise<number> {
  for (;;) {
    const told = /TLS at port (\d+)/.exec(JSON.stringify(logs()))
    if (told !== null) return Number(told[1])
    await sleep(50)
  }
}
