/**
 * Whether AWS's SDK for JavaScript names buckets in paths: stores at an address of their own seldom have a host name for
 * each bucket.
 */
export const usesPathStyle = (): boolean =>
  process.env.AWS_ENDPOINT_URL_S3 !== undefined || process.env.AWS_ENDPOINT_URL !== undefined
