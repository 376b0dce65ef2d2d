/** HTTP endpoints as clients configure them, and as DescribeDeliveryStream shows them. */
import type { DeliveryStream, HttpEndpoint } from '@weir/deliveries'
import { backupOf, type EndpointInput } from './backup.ts'
import type { Named } from './destination.ts'
import { invalidArgument, refused } from './firehose.ts'
import type { Receiver } from './receiver.ts'

/** The members of HttpEndpointDestinationConfiguration and its update. */
export interface HttpInput extends EndpointInput {
  readonly EndpointConfiguration?: {
    readonly Url: string
    readonly Name?: string
    readonly AccessKey?: string
  }
  readonly RequestConfiguration?: {
    readonly ContentEncoding?: 'NONE' | 'GZIP'
    readonly CommonAttributes?: readonly { readonly AttributeName: string; readonly AttributeValue: string }[]
  }
  readonly SecretsManagerConfiguration?: { readonly Enabled: boolean }
}

const ALL = 'AllData'
const DEFAULT_REQUEST = { isCompressed: false, attributes: [] } as const

/** @param before the delivery stream that is updated; it has an HTTP endpoint */
export function httpReceiver(input: HttpInput, named: Named, before?: DeliveryStream): Receiver {
  const { EndpointConfiguration: target, RequestConfiguration: request } = input
  if (input.SecretsManagerConfiguration?.Enabled === true)
    throw refused('SecretsManagerConfiguration', 'give the access key as EndpointConfiguration.AccessKey')
  const old = before?.endpoint ?? undefined
  const { destination, common } = backupOf(
    input,
    named,
    ALL,
    before && { destination: before.destination, endpoint: old! },
  )
  const { url, name: label, accessKey } = target === undefined ? old! : targetOf(target, old)
  const { isCompressed, attributes } = old ?? DEFAULT_REQUEST
  const endpoint: HttpEndpoint = {
    kind: 'http',
    url,
    name: label,
    accessKey,
    isCompressed: request?.ContentEncoding === undefined ? isCompressed : request.ContentEncoding === 'GZIP',
    attributes: request?.CommonAttributes === undefined ? attributes : attributesOf(request.CommonAttributes),
    ...common,
  }
  return { destination, endpoint }
}

/** The access key stays if the URL does: a client that changes the URL has to know the key. */
function targetOf(
  { Url: url, Name: name, AccessKey: given }: NonNullable<HttpInput['EndpointConfiguration']>,
  before: HttpEndpoint | undefined,
): Pick<HttpEndpoint, 'url' | 'name' | 'accessKey'> {
  const parsed = URL.parse(url)
  if (parsed === null || parsed.protocol !== 'https:')
    throw invalidArgument(
      'Url of EndpointConfiguration cannot be used: it is a URL such as https://example.com/path.',
    )
  if (parsed.username !== '' || parsed.password !== '')
    throw refused('A user or a password in Url of EndpointConfiguration', 'the endpoint gets the AccessKey')
  const accessKey = given ?? (before?.url === url ? before.accessKey : '')
  if (/[^\t\x20-\x7e\x80-\xff]/.test(accessKey))
    throw invalidArgument('AccessKey has a character that a header cannot have.')
  return { url, name: name ?? null, accessKey }
}

function attributesOf(
  given: NonNullable<NonNullable<HttpInput['RequestConfiguration']>['CommonAttributes']>,
): HttpEndpoint['attributes'] {
  const attributes = given.map(
    ({ AttributeName, AttributeValue }) => [AttributeName, AttributeValue] as const,
  )
  if (new Set(attributes.map(([name]) => name)).size < attributes.length)
    throw invalidArgument('CommonAttributes has an AttributeName more than once.')
  return attributes
}

/** Returns the description without the access key, which is a secret. */
export const describeHttp = ({ url, name, isCompressed, attributes, backsUpAll }: HttpEndpoint): object => ({
  EndpointConfiguration: { Url: url, Name: name ?? undefined },
  RequestConfiguration: {
    ContentEncoding: isCompressed ? 'GZIP' : 'NONE',
    CommonAttributes: attributes.map(([AttributeName, AttributeValue]) => ({
      AttributeName,
      AttributeValue,
    })),
  },
  S3BackupMode: backsUpAll ? ALL : 'FailedDataOnly',
})
