/** Streams of Weir, through the Kinesis API of the hub. */
import { type AwsCredentials, parseArn, signatureHeaders } from '@weir/aws'
import { boundedText, reasonOf } from '@weir/service/probe.ts'
import type { Answer } from '../delivery.ts'
import type { Envelopes } from '../envelope.ts'
import { MANAGED_POLICY } from '../schedule.ts'
import { UNCONFIRMED } from './answers.ts'
import { bodyOf, keyOf } from './body.ts'
import type { Receiver } from './receiver.ts'

export interface KinesisReceiverOptions {
  readonly envelopes: Envelopes
  readonly hubUrl: string
  /** Without an access key, requests are not signed. */
  readonly credentials: AwsCredentials | undefined
}

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 64 << 10
const MAX_KEY_CHARACTERS = 256
const STREAM = /^stream\/[\w.-]{1,128}$/
/** Errors that pass, although their status is that of wrong requests. */
const PASSING = /Throttling|ThroughputExceeded|LimitExceeded|ExpiredToken|RequestTimeout/

export function isStreamArn(text: string): boolean {
  const arn = parseArn(text)
  return arn?.service === 'kinesis' && arn.accountId !== '' && STREAM.test(arn.resource)
}

export function kinesisReceiver({ envelopes, hubUrl, credentials }: KinesisReceiverOptions): Receiver {
  const put = async (StreamARN: string, record: object): Promise<Answer> => {
    const request = {
      method: 'POST',
      url: new URL(`${hubUrl}/`),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': 'Kinesis_20131202.PutRecord' },
      body: JSON.stringify({ StreamARN, ...record }),
    } as const
    const { region } = parseArn(StreamARN)!
    const headers =
      credentials === undefined ? request.headers : signatureHeaders(request, credentials, region, 'kinesis')
    try {
      const { url, method, body } = request
      const response = await fetch(url, { method, body, headers, signal: AbortSignal.timeout(TIMEOUT_MS) })
      const text = await boundedText(response, MAX_ANSWER_BYTES)
      return { verdict: verdictOf(response.status, text), status: String(response.status), text }
    } catch (error) {
      return { verdict: 'retry', status: 'unreachable', text: reasonOf(error as Error) }
    }
  }

  return {
    async deliver({ message, ...delivery }) {
      if (message === undefined) return UNCONFIRMED
      const known = { ...delivery, message }
      return put(delivery.subscription.endpoint, {
        PartitionKey: keyOf(known).slice(0, MAX_KEY_CHARACTERS),
        Data: Buffer.from(await bodyOf(known, envelopes)).toString('base64'),
      })
    },
    terms: () => ({ policy: MANAGED_POLICY, maxPerSecond: undefined }),
  }
}

function verdictOf(status: number, answer: string): Answer['verdict'] {
  if (status >= 200 && status < 300) return 'delivered'
  return status >= 500 || PASSING.test(answer) ? 'retry' : 'dead'
}
