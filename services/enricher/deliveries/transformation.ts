/**
 * Invokes the function of a delivery stream (Firehose developer guide, "Transform source data", "Required parameters",
 * "Handle failure in data transformation").
 */
import { randomUUID } from 'node:crypto'
import { decodeBase64, functionIn } from '@weir/aws'
import type { Processing } from '@weir/deliveries'
import { backoffMs, pause } from '@weir/timing'
import { type Functions, UnknownFunction } from '../functions/functions.ts'
import { parseAnswer } from '../functions/mappings/response.ts'
import { EnvironmentStopped } from '../functions/runtime/environment.ts'
import { PoolStopped, Throttled } from '../functions/runtime/pool.ts'
import type { Failure } from '../functions/runtime/result.ts'
import type { Input, Reason } from './inputs.ts'

export type Lambda = NonNullable<Processing['lambda']>

/** The result of a record. Undefined: it was dropped. */
export type Fate = Transformed | Failed | undefined

export interface Transformed {
  readonly data: Buffer
  readonly partitionKeys?: Readonly<Record<string, string>>
}

export interface Failed {
  readonly reason: Reason
  readonly attemptsMade: number
}

/** The members of the event that are the same in each. */
export interface EventHead {
  readonly deliveryStreamArn: string
  readonly region: string
  readonly sourceKinesisStreamArn?: string
}

/** Bytes of an event; its head and the braces have less than 4 KiB. */
export const MAX_RECORDS_BYTES = (6 << 20) - 4096
/** The longest invocation (developer guide). */
const TIMEOUT_MS = 300_000
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 5000
const MAX_MESSAGE_LENGTH = 1000
/** The keys of a record, and the characters of each. */
const MAX_KEYS = 50
const MAX_KEY_LENGTH = 1024

/** Texts of AWS (developer guide, "Monitor Amazon Data Firehose Using CloudWatch Logs"). */
const FORM =
  'Check your function and make sure the output is in required format. In addition to that, make sure the processed records contain valid result status of Dropped, Ok, or ProcessingFailed'
const MISSING = failure(
  'Lambda.MissingRecordId',
  'One or more record IDs were not returned. Ensure that the Lambda function returns all received record IDs.',
)
const DUPLICATED = failure(
  'Lambda.DuplicatedRecordId',
  'Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record IDs for each record.',
)
const UNREADABLE = failure(
  'Lambda.JsonProcessingException',
  'There was an error parsing returned records from the Lambda function. Ensure that the returned records follow the status model required by Amazon Data Firehose.',
)
const NOT_FOUND = failure(
  'Lambda.ResourceNotFound',
  'The specified Lambda function does not exist. Use a different function that does exist.',
)
const LIMITED = failure(
  'Lambda.InvokeLimitExceeded',
  'The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.',
)
const TIMED_OUT = failure('Lambda.FunctionTimedOut', 'The function did not answer in time.')
const PROCESSING_FAILED = failure('Lambda.ProcessingFailedStatus', 'ProcessingFailed status set for record')
const WRONG_FORM = failure('Lambda.FunctionError', FORM)
export const TOO_LARGE = failure(
  'Lambda.PayloadSizeLimitExceeded',
  'The record is too large for an invocation, or the function made it too large.',
)

/** A record of the event, JSON. */
export const recordText = ({ id, data, arrivedAt, kinesis }: Input): string =>
  JSON.stringify({
    recordId: id,
    approximateArrivalTimestamp: arrivedAt,
    data: data.toString('base64'),
    kinesisRecordMetadata: kinesis,
  })

/**
 * Resolves to the fates of the records, in their order. Rejects if the signal aborts, or the invocation was ended from
 * outside and so does not count.
 * @param texts the records of the event
 */
export async function transform(
  inputs: readonly Input[],
  texts: readonly string[],
  head: EventHead,
  lambda: Lambda,
  functions: Pick<Functions, 'invoke'>,
  signal: AbortSignal,
): Promise<Fate[]> {
  const start = JSON.stringify({ invocationId: randomUUID(), ...head }).slice(0, -1)
  const event = Buffer.from(`${start},"records":[${texts.join()}]}`)
  for (let attemptsMade = 1; ; attemptsMade++) {
    const answer = await invoke(event, lambda, functions, signal)
    if (Buffer.isBuffer(answer)) {
      const fates = fatesOf(answer)
      return inputs.map(({ id }) => {
        const fate = fates(id)
        return fate === 'dropped' ? undefined : 'data' in fate ? fate : { reason: fate, attemptsMade }
      })
    }
    if (attemptsMade > lambda.retries) return inputs.map(() => ({ reason: answer, attemptsMade }))
    await pause(backoffMs(attemptsMade - 1, FIRST_PAUSE_MS, MAX_PAUSE_MS), signal)
    signal.throwIfAborted()
  }
}

/** Resolves to the function's answer, or to the reason of its failure. */
async function invoke(
  event: Buffer,
  { arn }: Lambda,
  functions: Pick<Functions, 'invoke'>,
  signal: AbortSignal,
): Promise<Buffer | Reason> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS)
  try {
    const result = await functions.invoke(functionIn(arn)!, event, {
      requestId: randomUUID(),
      signal: AbortSignal.any([signal, timeout]),
    })
    return result.ok ? result.payload : reasonOf(result)
  } catch (error) {
    signal.throwIfAborted()
    if (timeout.aborted) return TIMED_OUT
    if (error instanceof PoolStopped || error instanceof EnvironmentStopped) throw error
    if (error instanceof UnknownFunction) return NOT_FOUND
    if (error instanceof Throttled) return LIMITED
    return failure('Lambda.FunctionError', (error as Error).message)
  }
}

function reasonOf({ kind, payload }: Failure): Reason {
  if (kind === 'timeout') return TIMED_OUT
  const text = payload.toString('utf8', 0, MAX_MESSAGE_LENGTH)
  return failure(
    'Lambda.FunctionError',
    `The Lambda function was successfully invoked but it returned an error result. ${text}`,
  )
}

/** Returns the fate of each record by its id. */
function fatesOf(answer: Buffer): (id: string) => Transformed | Reason | 'dropped' {
  const parsed = parseAnswer(answer)
  const value = parsed.kind === 'success' ? (parsed.value as { readonly records?: unknown } | null) : null
  if (!Array.isArray(value?.records)) return () => UNREADABLE
  const found = new Map<unknown, unknown>()
  const doubled = new Set<unknown>()
  for (const record of value.records as readonly (object | null)[]) {
    const id = record !== null && 'recordId' in record ? record.recordId : undefined
    if (found.has(id)) doubled.add(id)
    found.set(id, record)
  }
  return (id) => {
    if (!found.has(id)) return MISSING
    return doubled.has(id) ? DUPLICATED : fateOf(found.get(id) as Returned)
  }
}

interface Returned {
  readonly result?: unknown
  readonly data?: unknown
  readonly metadata?: { readonly partitionKeys?: unknown } | null
}

function fateOf({ result, data, metadata }: Returned): Transformed | Reason | 'dropped' {
  if (result === 'Dropped') return 'dropped'
  if (result === 'ProcessingFailed') return PROCESSING_FAILED
  const bytes = result === 'Ok' && typeof data === 'string' ? decodeBase64(data) : undefined
  if (bytes === undefined) return WRONG_FORM
  const given = metadata?.partitionKeys
  if (given === undefined || given === null) return { data: bytes }
  const partitionKeys = keysOf(given)
  return partitionKeys === undefined ? WRONG_FORM : { data: bytes, partitionKeys }
}

function keysOf(given: unknown): Readonly<Record<string, string>> | undefined {
  if (typeof given !== 'object' || Array.isArray(given)) return undefined
  const entries = Object.entries(given as object)
  const fits = ([name, value]: [string, unknown]): boolean =>
    name.length <= MAX_KEY_LENGTH &&
    ['string', 'number', 'boolean'].includes(typeof value) &&
    String(value).length <= MAX_KEY_LENGTH
  if (entries.length > MAX_KEYS || !entries.every(fits)) return undefined
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]))
}

function failure(errorCode: string, text: string): Reason {
  return { outputType: 'processing-failed', errorCode, errorMessage: text.slice(0, MAX_MESSAGE_LENGTH) }
}
