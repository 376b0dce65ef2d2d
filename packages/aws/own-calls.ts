/** Calls from one service of Weir to the AWS APIs of another. */
import { boundedText } from '@weir/service/probe.ts'
import { type AwsCredentials, signatureHeaders } from './sigv4/sign.ts'

export interface Caller {
  readonly region: string
  /** Without an access key, requests are not signed. */
  readonly credentials: AwsCredentials | undefined
}

export interface OwnAnswer {
  readonly status: number
  /** The beginning of the body. */
  readonly text: string
}

const TIMEOUT_MS = 15_000
const MAX_ANSWER_BYTES = 64 << 10

/** Posts a request. Rejects if the service does not answer. */
export async function post(
  { region, credentials }: Caller,
  service: string,
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string | Buffer,
): Promise<OwnAnswer> {
  const request = { method: 'POST', url, headers, body } as const
  const response = await fetch(url, {
    method: 'POST',
    body: body as string,
    headers: credentials === undefined ? headers : signatureHeaders(request, credentials, region, service),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  return { status: response.status, text: await boundedText(response, MAX_ANSWER_BYTES) }
}

/** Starts an asynchronous invocation of a function, by its name or NAME:QUALIFIER. */
export function invokeFunction(
  { enricherUrl, ...caller }: Caller & { readonly enricherUrl: string },
  name: string,
  payload: string | Buffer,
): Promise<OwnAnswer> {
  const url = new URL(`${enricherUrl}/2015-03-31/functions/${encodeURIComponent(name)}/invocations`)
  return post(caller, 'lambda', url, { 'x-amz-invocation-type': 'Event' }, payload)
}

/** Publishes a notification. */
export function publishNotification(
  { alerterUrl, ...caller }: Caller & { readonly alerterUrl: string },
  parameters: Readonly<Record<string, string>>,
): Promise<OwnAnswer> {
  const body = new URLSearchParams({ Action: 'Publish', Version: '2010-03-31', ...parameters }).toString()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  return post(caller, 'sns', new URL('/', alerterUrl), headers, body)
}
