/** An ordinary client of the Kinesis and Lambda APIs that other services have. */
import { type AwsCredentials, signatureHeaders } from '@weir/aws'
import { boundedText } from '@weir/service/probe.ts'

export interface AwsClientOptions {
  /** Without credentials, requests are not signed. */
  readonly credentials: AwsCredentials | undefined
  readonly region: string
}

export interface AwsClient {
  /** Calls an operation of Kinesis. */
  kinesis(operation: string, input: object, signal: AbortSignal): Promise<any>
  /** Gets a path of Lambda's API, with its query. */
  lambda(path: string, signal: AbortSignal): Promise<any>
}

const MAX_ANSWER_BYTES = 8 << 20
const MAX_SAID = 300

/** Calls reject with an error whose message is a part of a sentence. */
export function openAwsClient(
  { hub, enricher }: { readonly hub: string; readonly enricher: string },
  { credentials, region }: AwsClientOptions,
): AwsClient {
  const ask = async (
    service: 'kinesis' | 'lambda',
    method: 'GET' | 'POST',
    url: URL,
    headers: Readonly<Record<string, string>>,
    body: string | undefined,
    signal: AbortSignal,
  ): Promise<any> => {
    const sent =
      credentials === undefined
        ? headers
        : signatureHeaders({ method, url, headers, body }, credentials, region, service)
    const response = await fetch(url, { method, headers: sent, body, signal })
    const text = await boundedText(response, MAX_ANSWER_BYTES)
    if (response.ok) return JSON.parse(text)
    throw new Error(`it answers ${response.status}: ${messageIn(text)}`)
  }
  return {
    kinesis: (operation, input, signal) =>
      ask(
        'kinesis',
        'POST',
        new URL(`${hub}/`),
        { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `Kinesis_20131202.${operation}` },
        JSON.stringify(input),
        signal,
      ),
    lambda: (path, signal) => ask('lambda', 'GET', new URL(`${enricher}${path}`), {}, undefined, signal),
  }
}

function messageIn(text: string): string {
  try {
    const { message, Message = message } = JSON.parse(text)
    return String(Message ?? 'it says no more').slice(0, MAX_SAID)
  } catch {
    return 'it is not the API that answers'
  }
}
