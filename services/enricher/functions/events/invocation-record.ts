/** The invocation record of an event, version 1.0 (Lambda developer guide, "Invocation record"). */
import { randomUUID } from 'node:crypto'
import { jsonFault } from '@weir/service'
import { LATEST } from '../entries.ts'
import type { Invoked } from '../functions.ts'
import type { Event } from './queues.ts'

export type EventCondition = 'Success' | 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency'

/** How an event ended. */
export interface EventResult {
  readonly condition: EventCondition
  readonly attempts: number
  /** The last outcome; undefined if the function was never invoked. */
  readonly outcome: Invoked | undefined
}

/** The most bytes that a queue or a topic accepts. */
const MAX_BYTES = 1_000_000

/** Returns JSON, without the payloads that would make it too long. @param functionArn without a qualifier */
export function invocationRecord(
  { functionName, payload, options: { requestId } }: Event,
  { condition, attempts, outcome }: EventResult,
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
    outcome &&
    JSON.stringify({
      statusCode: 200,
      executedVersion: outcome.executedVersion,
      functionError: outcome.ok ? undefined : 'Unhandled',
    })
  const answered = outcome === undefined ? 0 : outcome.payload.length
  const text = (bytes: Buffer, fits: boolean): string => (fits ? jsonOf(bytes) : 'null')
  const requestFits = payload.length <= MAX_BYTES / 2
  const responseFits = answered <= MAX_BYTES - (requestFits ? payload.length : 0)
  return (
    `${head.slice(0, -1)},"requestPayload":${text(payload, requestFits)}` +
    `${outcome === undefined ? '' : `,"responseContext":${response},"responsePayload":${text(outcome.payload, responseFits) || 'null'}`}}`
  )
}

/**
 * Functions with a runtime of their own may answer anything; what is not JSON becomes a text in the record.
 */
function jsonOf(bytes: Buffer): string {
  return bytes.length === 0 || jsonFault(bytes) === undefined
    ? bytes.toString()
    : JSON.stringify(bytes.toString())
}

/** aws/lambda/async/NAME/2026/11/24/2026-11-24T22.05.00-UUID, as Lambda names objects. */
export function eventObjectName(functionName: string, now: Date): string {
  const time = now.toISOString()
  return `aws/lambda/async/${functionName.split(':')[0]}/${time.slice(0, 10).replaceAll('-', '/')}/${time.slice(0, 19).replaceAll(':', '.')}-${randomUUID()}`
}
