/** The ids of records that AWS's clients put. */
import type { AwsContext } from '@weir/aws'

const INVOCATION = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/**
 * The prefix of the records' ids. AWS's SDKs name each call, and repeat the name when they retry a call whose
 * answer was lost, so records that were stored before are recognized.
 */
export function invocationOf({ request, requestId }: Pick<AwsContext, 'request' | 'requestId'>): string {
  const named = request.headers['amz-sdk-invocation-id']
  return typeof named === 'string' && INVOCATION.test(named) ? named.toLowerCase() : requestId
}
