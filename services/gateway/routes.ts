/**
 * Finds the API that a request is for. The table is made from the models of the APIs, and from the services
 * that have them.
 */
import {
  api,
  dynamodbModel,
  dynamodbStreamsModel,
  firehoseModel,
  formParameters,
  glueModel,
  iotDataModel,
  iotModel,
  kinesisModel,
  lambdaModel,
  type Model,
  mediaTypeOf,
  PROTOCOLS,
  type Protocol,
  queryParameters,
  sagemakerRuntimeModel,
  signedService,
  snsModel,
  stsModel,
  UNSIGNED_SNS_OPERATIONS,
} from '@weir/aws'
import type { AwsApi } from '@weir/contracts/services.ts'
import type { FastifyRequest } from 'fastify'
import type { Upstream } from './upstream.ts'

/** An API, and the service that has it. */
export interface Route {
  readonly model: Model
  readonly upstream: Upstream
  /** Writes the gateway's own errors as the API does. */
  readonly protocol: Protocol
}

export interface Routes {
  /** The APIs that are served: kinesis, sts, lambda. */
  readonly names: readonly string[]
  /** Returns the API that the head of the request shows. */
  byHead(request: FastifyRequest): Route | undefined
  /** Returns the API that the form in the body of a request shows. */
  byForm(body: Buffer): Route | undefined
  /** Returns the protocol of the errors for a request that shows no API. */
  protocolOf(request: FastifyRequest): Protocol
}

interface Named {
  readonly name: string
  readonly value: string
}

const MODELS: Readonly<Record<AwsApi, Model>> = {
  dynamodb: dynamodbModel,
  dynamodbstreams: dynamodbStreamsModel,
  firehose: firehoseModel,
  glue: glueModel,
  iot: iotModel,
  iotdata: iotDataModel,
  kinesis: kinesisModel,
  lambda: lambdaModel,
  sagemaker: sagemakerRuntimeModel,
  sns: snsModel,
  sts: stsModel,
}

/**
 * Beginnings of Weir's own paths beside an API: GetFunction answers with a URL of the code, and messages have
 * URLs of certificates.
 */
const OWN_FOLDERS: Readonly<Partial<Record<AwsApi, readonly string[]>>> = {
  lambda: ['/v1/functions/'],
  sns: ['/SimpleNotificationService-'],
}

/** Operations of Query that clients may call without a version of the API. */
const UNVERSIONED: Readonly<Partial<Record<AwsApi, readonly string[]>>> = { sns: UNSIGNED_SNS_OPERATIONS }

/** Throws if two APIs could not be told apart. */
export function routesTo(
  upstreams: readonly { readonly apis: readonly AwsApi[]; readonly upstream: Upstream }[],
): Routes {
  const byTarget = new Map<string, Route>()
  const byService = new Map<string, Route>()
  /** Routes by the version of the API. */
  const byVersion = new Map<string, Route>()
  /** Routes by the operation, for requests without a version. */
  const byAction = new Map<string, Route>()
  /** Routes by the beginning of paths, such as /2015-03-31/. */
  const byFolder = new Map<string, Route>()
  for (const { apis, upstream } of upstreams) {
    for (const name of apis) {
      const model = MODELS[name]
      const protocol = PROTOCOLS[model.protocol]([api(model, {}, { maxBodyBytes: 0 })])
      const route = { model, upstream, protocol }
      // DynamoDB and DynamoDB Streams are signed for the same service, and differ in their targets.
      if (byService.get(model.service)?.upstream !== upstream) add(byService, model.service, route)
      if (model.targetPrefix !== undefined) add(byTarget, model.targetPrefix, route)
      if (model.protocol === 'query') add(byVersion, model.apiVersion, route)
      for (const folder of [...(model.folders ?? []), ...(OWN_FOLDERS[name] ?? [])])
        add(byFolder, folder, route)
      for (const action of UNVERSIONED[name] ?? []) add(byAction, action, route)
    }
  }
  // /endpoint is a path of IoT, and /endpoints/ a folder of SageMaker: the longest that fits decides.
  const folders = [...byFolder].sort(([a], [b]) => b.length - a.length)
  const byParameters = (parameters: readonly Named[]): Route | undefined => {
    const value = (wanted: string): string | undefined =>
      parameters.find(({ name }) => name === wanted)?.value
    const [action, version] = [value('Action'), value('Version')]
    if (action === undefined) return undefined
    return version === undefined ? byAction.get(action) : byVersion.get(version)
  }
  return {
    names: [...byService.keys()],
    byHead(request) {
      const target = request.headers['x-amz-target']
      const inTarget = target === undefined ? undefined : byTarget.get(String(target).split('.', 1)[0])
      if (inTarget !== undefined) return inTarget
      const signedFor = signedService(request)
      // A signature holds for one service only, so that another one would refuse the request.
      if (signedFor !== undefined) return byService.get(signedFor)
      return (
        byParameters(queryParameters(request.url)) ??
        folders.find(([folder]) => request.url.startsWith(folder))?.[1]
      )
    },
    protocolOf(request) {
      const speaksJson =
        request.headers['x-amz-target'] !== undefined || /json|cbor/.test(mediaTypeOf(request))
      const isAtRoot = request.url.split('?', 1)[0] === '/'
      // Clients of S3 read the XML of Query, too.
      const kind = !speaksJson ? 'query' : isAtRoot ? 'json' : 'rest-json'
      const routes = [...byService.values()]
      return (routes.find(({ model }) => model.protocol === kind) ?? routes[0]).protocol
    },
    byForm: (body) => byParameters(formParameters(body)),
  }
}

function add(table: Map<string, Route>, key: string, route: Route): void {
  if (table.has(key)) throw new Error(`Two APIs of the gateway share ${key}; leave one of them out.`)
  table.set(key, route)
}
