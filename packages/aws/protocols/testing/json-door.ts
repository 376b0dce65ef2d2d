/** The AWS door with some operations of Kinesis, and signed requests to it. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { Admission, type HttpServer, logger, openHttp, type Resource } from '@weir/service'
import { decode as cborDecode } from 'cborg'
import { afterAll, beforeAll, expect, vi } from 'vitest'
import { type AwsClient, parseAccessKeys } from '../../access-key-file.ts'
import type { AwsAccess } from '../../access-keys.ts'
import { api } from '../../api.ts'
import { type AwsContext, type AwsOperations, HIJACKED } from '../../context.ts'
import { awsDoor } from '../../door.ts'
import { AwsError } from '../../errors.ts'
import { openEventStream } from '../../event-stream.ts'
import { kinesisModel } from '../../models/kinesis.ts'

export const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'
export const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: SECRET }
export const STREAM = 'arn:aws:kinesis:eu-central-1:123456789012:stream'
export const JSON_TYPE = 'application/x-amz-json-1.1'
export const CBOR_TYPE = 'application/x-amz-cbor-1.1'
export const BODY_BYTES = 100_000

export let heard: { input: Record<string, unknown>; context: AwsContext } | undefined
const operations: AwsOperations = {
  ListStreams: () => ({ HasMoreStreams: false, StreamNames: [] }),
  CreateStream: () => undefined,
  PutRecords(input: { StreamName: string; Records: { Data: Buffer }[] }, context) {
    heard = { input: input as unknown as Record<string, unknown>, context }
    context.authorize(`${STREAM}/${input.StreamName}`)
    return {
      FailedRecordCount: 0,
      Records: input.Records.map((_, i) => ({ SequenceNumber: String(i), ShardId: 'shardId-000000000000' })),
    }
  },
  GetShardIterator() {
    throw new AwsError('ResourceNotFoundException', 'Stream x under account 123456789012 not found.')
  },
  DescribeLimits() {
    throw new Error('boom')
  },
  async SubscribeToShard(_input: object, context) {
    const events = openEventStream(context)
    await events.send('SubscribeToShardEvent', {
      Records: [
        {
          Data: Buffer.from('hello'),
          PartitionKey: 'k',
          SequenceNumber: '1',
          ApproximateArrivalTimestamp: new Date(1459799926480),
        },
      ],
      ContinuationSequenceNumber: '1',
      MillisBehindLatest: 0,
    })
    await events.fail(new AwsError('ResourceInUseException', 'Another one took over.'))
    events.end()
    return HIJACKED
  },
}

export const clients = new Map<string, AwsClient>(
  parseAccessKeys(JSON.stringify([{ ...CREDENTIALS, streams: ['orders'] }])).clients,
)
let anonymous: AwsAccess['anonymous']

/** Admits unsigned requests as this client; undefined refuses them. */
export const admitUnsigned = (client: AwsAccess['anonymous']): void => {
  anonymous = client
}
const access: AwsAccess = {
  client: (accessKeyId) => clients.get(accessKeyId),
  get anonymous() {
    return anonymous
  },
}

/** Alone, a client gets three quarters of it: 97,500 bytes, of which the request itself takes 16 KiB. */
export const admission = new Admission(130_000)
let server: Resource<HttpServer>
export let port = 0
export const errors = vi.fn()

/** Opens the door before the tests of a file, and closes it after them. */
export function useDoor(): void {
  beforeAll(async () => {
    const log = logger('test')
    log.level = 'silent'
    server = await openHttp(
      { host: '127.0.0.1', port: 0 },
      {
        log,
        ready: {},
        admission,
        routes: async (app) => {
          app.addHook('onRequest', async (request) => {
            request.log.error = errors
          })
          await app.register(
            awsDoor({ access, account: { region: 'eu-central-1', accountId: '123456789012' } }, [
              api(kinesisModel, operations, { maxBodyBytes: BODY_BYTES }),
            ]),
          )
        },
      },
    )
    port = server.value.port
  })
  afterAll(() => server.stop(1000))
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly bytes: Buffer
  readonly body: unknown
}

export interface Options {
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
  readonly noSign?: boolean
}

/** Returns the headers of the request with its host and signature. */
export async function signed(
  { method = 'POST', path = '/', headers = {}, body = '' }: Options,
  credentials = CREDENTIALS,
): Promise<Record<string, string>> {
  const signer = new SignatureV4({
    service: 'kinesis',
    region: 'eu-central-1',
    sha256: Sha256,
    credentials,
  })
  const request = {
    method,
    protocol: 'http:',
    hostname: '127.0.0.1',
    path,
    query: {},
    body,
    headers: { host: `127.0.0.1:${port}`, ...headers },
  }
  return (await signer.sign(request)).headers
}

export async function ask(options: Options = {}): Promise<Answer> {
  const { method = 'POST', path = '/', headers = {}, body = '', noSign = false } = options
  const all = noSign ? { host: `127.0.0.1:${port}`, ...headers } : await signed(options)
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port, method, path, headers: all }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const type = String(response.headers['content-type'])
        const parsed: unknown =
          bytes.length === 0
            ? ''
            : type === CBOR_TYPE
              ? cborDecode(bytes)
              : type.includes('json')
                ? JSON.parse(bytes.toString())
                : bytes.toString()
        resolve({ status: response.statusCode!, headers: response.headers, bytes, body: parsed })
      })
    })
    request.on('error', reject)
    request.end(body)
  })
}

export const target = (operation: string, type = JSON_TYPE): Record<string, string> => ({
  'content-type': type,
  'x-amz-target': `Kinesis_20131202.${operation}`,
})
export const call = (operation: string, input: object): Promise<Answer> =>
  ask({ headers: target(operation), body: JSON.stringify(input) })

export function expectAnswer(
  { status, headers, bytes, body }: Answer,
  [wantedStatus, type, wanted]: [number, string | undefined, unknown],
): void {
  expect(body).toEqual(wanted)
  expect(status).toBe(wantedStatus)
  expect(headers['content-type']).toBe(type)
  expect(headers['content-length']).toBe(String(bytes.length))
  expect(headers['x-amzn-requestid']).toMatch(
    /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/,
  )
  expect(Buffer.from(String(headers['x-amz-id-2']), 'base64').length).toBe(72)
  expect(headers.date).toBeDefined()
}

export const UNKNOWN_CBOR: [number, string, unknown] = [
  400,
  CBOR_TYPE,
  { __type: 'UnknownOperationException' },
]
