/** Errors of AWS's SDK for JavaScript. */

interface SdkError extends Error {
  readonly $fault?: 'client' | 'server'
  readonly $retryable?: { readonly throttling?: boolean }
  readonly $metadata?: { readonly httpStatusCode?: number }
}

/**
 * Returns whether the same request cannot succeed later. Client errors are final: the queue or the bucket is gone, or
 * may not be written. Throttling is not, and neither are errors without an answer.
 */
export function isFinalSdkError(error: Error): boolean {
  const { $fault, $retryable, $metadata } = error as SdkError
  const isAnswered = $metadata?.httpStatusCode !== undefined
  const isThrottled = $retryable?.throttling === true || $metadata?.httpStatusCode === 429
  return isAnswered && $fault === 'client' && !isThrottled
}
