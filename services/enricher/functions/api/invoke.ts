/** Invoke: returns a function's answer, or stores an event for it. The texts are Lambda's. */
import { type Account, type AwsContext, AwsError, type AwsOperations } from '@weir/aws'
import { KafkaError } from '@weir/kafka'
import { jsonFault } from '@weir/service'
import type { AsyncInvocations } from '../async/async-invocations.ts'
import type { AsyncInvocation } from '../async/queues.ts'
import { type FunctionResult, type Functions, RuntimeRefused, UnknownFunction } from '../functions.ts'
import type { FunctionService } from '../open.ts'
import { EnvironmentStopped } from '../runtime/environment.ts'
import type { InvocationOptions } from '../runtime/options.ts'
import { PoolStopped, Throttled } from '../runtime/pool.ts'
import { CodeMissing } from '../version-slot.ts'
import { existing, invalidParameter, type NamedFunction, namedFunction } from './names.ts'

interface InvokeInput {
  readonly FunctionName: string
  readonly InvocationType?: 'Event' | 'RequestResponse' | 'DryRun'
  readonly LogType?: 'None' | 'Tail'
  readonly ClientContext?: string
  readonly DurableExecutionName?: string
  readonly TenantId?: string
  readonly Payload?: Buffer
  readonly Qualifier?: string
}

/**
 * Bytes of a request (Lambda quotas, "Invocation payload"): 6 MB if the caller waits for the answer, 1 MB if
 * not.
 */
export const MAX_PAYLOAD = 6 << 20
const MAX_EVENT = 1 << 20
const EMPTY = Buffer.from('{}')

export function invokeOperations(
  {
    functions,
    asyncInvocations,
    catchUp,
  }: Pick<FunctionService, 'functions' | 'asyncInvocations' | 'catchUp'>,
  account: Account,
): AwsOperations {
  return {
    async Invoke(input: InvokeInput, context: AwsContext) {
      const { InvocationType: type = 'RequestResponse', Payload: payload = EMPTY } = input
      const named = namedFunction(input.FunctionName, account, input.Qualifier)
      context.authorize(named.arn)
      // Another replica may just have created it.
      if (functions.get(named.qualified) === undefined) await catchUp()
      existing(functions, named)
      if (type === 'DryRun') return { StatusCode: 204 }
      const options = { requestId: context.requestId, clientContext: clientContextOf(input.ClientContext) }
      check(input, payload, type === 'Event' ? MAX_EVENT : MAX_PAYLOAD)
      if (type === 'Event') {
        const invocation = { functionName: named.qualified, payload, options, acceptedAt: Date.now() }
        await store(asyncInvocations, invocation)
        return { StatusCode: 202 }
      }
      const result = await resultOf(functions, named, payload, options)
      return {
        StatusCode: 200,
        ExecutedVersion: result.executedVersion,
        Payload: result.payload,
        // Lambda, too, calls an error that a handler throws unhandled.
        FunctionError: result.ok ? undefined : 'Unhandled',
        LogResult: input.LogType === 'Tail' ? Buffer.from(result.logTail).toString('base64') : undefined,
      }
    },
  }
}

async function resultOf(
  functions: Functions,
  named: NamedFunction,
  payload: Buffer,
  options: InvocationOptions,
): Promise<FunctionResult> {
  try {
    return await functions.invoke(named.qualified, payload, options)
  } catch (error) {
    if (error instanceof Throttled) throw tooMany('ReservedFunctionConcurrentInvocationLimitExceeded')
    // The function was removed a moment ago.
    if (error instanceof UnknownFunction) existing(functions, { ...named, here: false })
    if (error instanceof RuntimeRefused) throw new AwsError('InvalidRuntimeException', error.message, 502)
    if (error instanceof PoolStopped || error instanceof EnvironmentStopped || error instanceof CodeMissing)
      throw new AwsError('ServiceException', error.message, 500)
    throw error
  }
}

async function store(asyncInvocations: AsyncInvocations, invocation: AsyncInvocation): Promise<void> {
  try {
    await asyncInvocations.add(invocation)
  } catch (error) {
    if (!(error instanceof KafkaError)) throw error
    if (error.code === 'buffer-full') throw tooMany('ConcurrentInvocationLimitExceeded')
    throw new AwsError(
      'ServiceException',
      `It is unknown whether the event was stored; repeat the request. ${error.message}`,
      500,
    )
  }
}

function check({ DurableExecutionName, TenantId }: InvokeInput, payload: Buffer, most: number): void {
  if (DurableExecutionName !== undefined)
    throw invalidParameter('Durable executions are not served here; leave DurableExecutionName out.')
  if (TenantId !== undefined)
    throw invalidParameter('Functions are not isolated by tenant here; leave TenantId out.')
  if (payload.length > most) {
    throw new AwsError(
      'RequestTooLargeException',
      `Request must be smaller than ${most} bytes for the InvokeFunction operation`,
      413,
    )
  }
  const fault = jsonFault(payload)
  if (fault !== undefined) {
    throw new AwsError(
      'InvalidRequestContentException',
      `Could not parse request body into json: byte ${fault} is wrong, or nests too deep.`,
    )
  }
}

function clientContextOf(text: string | undefined): unknown {
  if (text === undefined) return undefined
  const json = Buffer.from(text, 'base64')
  const value: unknown = jsonFault(json) === undefined ? JSON.parse(json.toString()) : undefined
  if (typeof value === 'object' && value !== null) return value
  throw new AwsError(
    'InvalidRequestContentException',
    'Client context must be a valid Base64-encoded JSON object.',
  )
}

/** SDKs wait and retry the request. */
function tooMany(Reason: string): AwsError {
  return new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429, { Reason })
}
