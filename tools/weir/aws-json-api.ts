/** Calls of AWS APIs in JSON 1.1. */
import { signatureHeaders } from '@weir/aws/sigv4/sign.ts'
import { reasonOf } from '@weir/service/probe.ts'
import { Refused, Unreachable } from './command.ts'
import type { Signing } from './commands/functions-api.ts'

const TIMEOUT_MS = 30_000

export interface AwsJsonApi {
  readonly url: string
  /** The service that serves the API, and the variable with its address. */
  readonly service: string
  readonly variable: string
  /** The service for which requests are signed: glue. */
  readonly signedFor: string
  /** The beginning of X-Amz-Target: AWSGlue */
  readonly target: string
}

/** Calls reject with Unreachable if the service does not answer, and with Refused if it refuses. */
export function awsJsonApi(
  { url, service, variable, signedFor, target }: AwsJsonApi,
  { region, ...credentials }: Signing,
): <T>(operation: string, input: object) => Promise<T> {
  return async <T>(operation: string, input: object): Promise<T> => {
    const request = {
      method: 'POST',
      url: new URL(url),
      headers: { 'content-type': 'application/x-amz-json-1.1', 'x-amz-target': `${target}.${operation}` },
      body: JSON.stringify(input),
    }
    const headers = signatureHeaders(request, credentials, region, signedFor)
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const response = await fetch(request.url, { ...request, headers, signal }).catch((error: Error) => {
      throw new Unreachable(
        `The ${service} at ${url} does not answer (${reasonOf(error)}); start it or set ${variable}.`,
      )
    })
    const body = await response.text()
    if (response.ok) return JSON.parse(body || '{}') as T
    const said = `The ${service} answered ${response.status}: ${body.slice(0, 500)}`
    throw response.status < 500 ? new Refused(said) : new Unreachable(said)
  }
}
