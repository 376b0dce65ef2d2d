/** The record of an asynchronous invocation, version 1.0 (Lambda developer guide, "Invocation record"). */
import { randomUUID } from 'node:crypto'
import { jsonFault } from '@weir/service'
import { LATEST } from '../entries.ts'
import type { FunctionResult } from '../functions.ts'
import type { AsyncInvocation } from './queues.ts'

export type AsyncCondition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency'

/** How an asynchronous invocation ended. */
export interface AsyncResult {
  readonly condition: AsyncCondition
  readonly attempts: number
  /** The last attempt's; undefined if the function was never invoked. */
  readonly result: FunctionResult | undefined
}

/** The most bytes that a queue or a topic accepts. */
const MAX_BYTES = 1_000_000

/** Returns JSON, without the payloads that would make it too long. @param functionArn without a qualifier */
export function invocationRecord(
  { functionName, payload, options: { requestId } }: AsyncInvocation,
  { condition, attempts, result }: AsyncResult,
  functionArn: string,
): string {
  const [, qualifier = LATEST] = functionName.split(':')
  const head = JSON.stringify({
    version: '1.0',
    timestamp: new Date().toISOString(),
    requestContext: {
      requestId,
      functionArn: `${functionArn}:${qualifier}`,
      condition,
      approximateInvokeCount: attempts,
    },
  })
  const response =
    result &&
    JSON.stringify({
      statusCode: 200,
      executedVersion: result.executedVersion,
      functionError: result.ok ? undefined : 'Unhandled',
    })
  const returned = result === undefined ? 0 : result.payload.length
  const text = (bytes: Buffer, fits: boolean): string => (fits ? jsonOf(bytes) : 'null')
  const requestFits = payload.length <= MAX_BYTES / 2
  const responseFits = returned <= MAX_BYTES - (requestFits ? payload.length : 0)
  return (
    `${head.slice(0, -1)},"requestPayload":${text(payload, requestFits)}` +
    `${result === undefined ? '' : `,"responseContext":${response},"responsePayload":${text(result.payload, responseFits) || 'null'}`}}`
  )
}

/**
 * Functions with a runtime of their own may return anything; what is not JSON becomes a text in the record.
 */
function jsonOf(bytes: Buffer): string {
  return bytes.length === 0 || jsonFault(bytes) === undefined
    ? bytes.toString()
    : JSON.stringify(bytes.toString())
}

/** aws/lambda/async/NAME/2026/11/24/2026-11-24T22.05.00-UUID, as Lambda names objects. */
export function asyncObjectName(functionName: string, now: Date): string {
  const time = now.toISOString()
  return `aws/lambda/async/${functionName.split(':')[0]}/${time.slice(0, 10).replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`
}
