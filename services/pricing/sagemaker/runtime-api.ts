/** SageMaker's runtime API: InvokeEndpoint, with the errors of SageMaker. */
import {
  type Account,
  type Api,
  type AwsContext,
  AwsError,
  api,
  endpointArn,
  sagemakerRuntimeModel,
} from '@weir/aws'
import { type Lease, leaseOf } from '@weir/service'
import type { Endpoints } from '../endpoints/endpoints.ts'
import { answerFormat, writePredictions } from '../models/answers.ts'
import { type Endpoint, UnknownVariant } from '../models/endpoint.ts'
import { type FaultCode, ModelFault } from '../models/faults.ts'
import { FORMATS, formatOf, readRows } from '../models/rows.ts'

interface InvokeEndpointInput {
  readonly EndpointName: string
  readonly Body: Buffer
  readonly ContentType?: string
  readonly Accept?: string
  readonly CustomAttributes?: string
  readonly TargetVariant?: string
  readonly [unsupported: string]: unknown
}

/** SageMaker's limit of a request. */
export const MAX_BODY_BYTES = 6_291_456
/** Parameters that would change the answer at SageMaker, for endpoints of kinds that are not served here. */
const UNSUPPORTED = [
  'TargetModel',
  'TargetContainerHostname',
  'EnableExplanations',
  'InferenceComponentName',
] as const
/** The types of requests whose sender did not choose one: SDKs send the second. */
const UNTYPED = [undefined, 'application/octet-stream']

/** Bodies up to this size are included in the fixed cost of a request. */
const SMALL_BODY_BYTES = 4 << 10
/** A body takes this many times its length: as text, as values and as rows. */
const PARSED_TIMES = 5

/** The status that a model's container would have answered, in SageMaker's ModelError. */
export const CONTAINER_STATUS: Readonly<Record<FaultCode, number>> = {
  rows: 400,
  'media-type': 415,
  accept: 406,
  failed: 500,
  'not-finite': 500,
  slow: 504,
  overloaded: 503,
  'not-ready': 503,
}

export interface RuntimeDeps {
  readonly account: Account
  readonly endpoints: Pick<Endpoints, 'get' | 'definitions'>
}

export function sagemakerRuntimeApi({ account, endpoints }: RuntimeDeps): Api {
  const operations = {
    async InvokeEndpoint(input: InvokeEndpointInput, context: AwsContext) {
      const { EndpointName: name } = input
      context.authorize(endpointArn(account, name))
      const unsupported = UNSUPPORTED.find((parameter) => input[parameter] !== undefined)
      if (unsupported !== undefined)
        throw invalid(
          `${unsupported} is not supported by the endpoint ${name}: it has one model in one container.`,
        )
      const endpoint = endpoints.get(name) ?? (await afterCatchUp(endpoints, name))
      if (endpoint === undefined) throw invalid(`Endpoint ${name} of account ${account.accountId} not found.`)
      try {
        return await invoke(endpoint, input, leaseOf(context.request))
      } catch (error) {
        if (error instanceof UnknownVariant) throw invalid(error.message)
        if (error instanceof ModelFault) throw errorOf(error)
        throw error
      }
    },
  }
  return api(sagemakerRuntimeModel, operations, {
    maxBodyBytes: MAX_BODY_BYTES,
    invalidInput: 'ValidationError',
  })
}

async function afterCatchUp({ get, definitions }: RuntimeDeps['endpoints'], name: string) {
  await definitions.catchUp()
  return get(name)
}

async function invoke(endpoint: Endpoint, input: InvokeEndpointInput, lease: Lease): Promise<object> {
  const { body, contentType, variant } = await predict(endpoint, {
    lease,
    body: input.Body,
    contentType: input.ContentType,
    accept: input.Accept,
    variant: input.TargetVariant,
  })
  return {
    Body: body,
    ContentType: contentType,
    InvokedProductionVariant: variant,
    CustomAttributes: input.CustomAttributes,
  }
}

export interface PredictionRequest {
  readonly lease: Lease
  readonly body: Buffer
  readonly contentType: string | undefined
  readonly accept: string | undefined
  readonly variant?: string | undefined
}

/** Answers a request in its formats. Rejects with a ModelFault or UnknownVariant. */
export async function predict(
  endpoint: Endpoint,
  { lease, body, contentType, accept, variant: target }: PredictionRequest,
): Promise<{ readonly body: Buffer; readonly contentType: string; readonly variant: string }> {
  endpoint.expectVariant(target)
  const format = UNTYPED.includes(contentType) ? 'application/json' : formatOf(contentType!)
  if (format === undefined)
    throw new ModelFault(
      'media-type',
      `Rows are not read from ${contentType!.slice(0, 100)}; send ${FORMATS.join(', ')}.`,
    )
  const answer = answerFormat(accept, format)
  if (body.length > SMALL_BODY_BYTES && !lease.cover(body.length * PARSED_TIMES))
    throw new ModelFault('overloaded', 'There is no memory for these rows now; send them again later.')
  const { contract } = endpoint
  if (contract === undefined)
    throw new ModelFault(
      'not-ready',
      `The endpoint ${endpoint.name} does not serve a version of its model here yet.`,
    )
  const { predictions, variant } = await endpoint.predict(readRows(body, format, contract.features), target)
  return { body: writePredictions(predictions, answer), contentType: answer, variant }
}

const invalid = (message: string): AwsError => new AwsError('ValidationError', message)

function errorOf({ code, message }: ModelFault): AwsError {
  if (code === 'overloaded') return new AwsError('ServiceUnavailable', message, 503)
  if (code === 'not-ready') return new AwsError('ModelNotReadyException', message, 429)
  const status = CONTAINER_STATUS[code]
  const kind = status < 500 ? 'client' : 'server'
  return new AwsError(
    'ModelError',
    `Received ${kind} error (${status}) from primary with message "${message}".`,
    424,
    { OriginalStatusCode: status, OriginalMessage: message },
  )
}
