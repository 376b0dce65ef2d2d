/** The one destination of a request: S3, or an endpoint with its backup in S3. */
import type { DeliveryStream } from '@weir/deliveries'
import { destinationOf, type Named, type S3Input } from './destination.ts'
import { invalidArgument, refused } from './firehose.ts'
import { type HttpInput, httpReceiver } from './http-endpoint.ts'

/** The names of destinations end with `Configuration` at creation, and with `Update` later. */
export type Suffix = 'Configuration' | 'Update'
export type Receiver = Pick<DeliveryStream, 'destination' | 'endpoint'>

/**
 * Throws InvalidArgumentException if the request has no destination, several, or one that is not served.
 * @param before the delivery stream that is updated
 */
export function receiverOf(request: object, suffix: Suffix, named: Named, before?: DeliveryStream): Receiver {
  const given = Object.entries(request).filter(([member]) => member.endsWith(`Destination${suffix}`))
  if (given.length !== 1)
    throw invalidArgument('Exactly one destination configuration is supported for a Firehose.')
  const [[member, input]] = given
  const kind = kindOf(member, suffix)
  if (before !== undefined && kind !== (before.endpoint?.kind ?? 's3'))
    throw invalidArgument(
      `${member} does not fit Firehose ${named.name}, whose destination is of another kind; create another one.`,
    )
  return kind === 'http'
    ? httpReceiver(input as HttpInput, named, before)
    : { destination: destinationOf(input as S3Input, named, before?.destination), endpoint: null }
}

function kindOf(member: string, suffix: Suffix): 's3' | 'http' {
  switch (member.slice(0, -`Destination${suffix}`.length)) {
    case 'S3':
    case 'ExtendedS3':
      return 's3'
    case 'HttpEndpoint':
      return 'http'
    default:
      throw refused(member, `there are ExtendedS3Destination${suffix} and HttpEndpointDestination${suffix}`)
  }
}
