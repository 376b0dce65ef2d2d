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

/** An answer with an error. Its message is a part of a sentence. */
export class AwsFailure extends Error {
  override readonly name = 'AwsFailure'
  /** AWS's name of the error: ResourceNotFoundException. */
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(`it answers ${status}: ${message}`)
    this.code = code
  }
}

/** Resolves to undefined if the resource does not exist (any more). */
export async function ifFound<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof AwsFailure && error.code === 'ResourceNotFoundException') return undefined
    throw error
  }
}

/** Calls reject with an AwsFailure, or with the error of fetch. */
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
    const code = response.headers.get('x-amzn-errortype') ?? ''
    throw new AwsFailure(response.status, code, messageIn(text))
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
