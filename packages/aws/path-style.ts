/**
 * Whether AWS's SDK for JavaScript names buckets in paths: stores at an address of their own seldom have a host name for
 * each bucket.
 */
export const usesPathStyle = (): boolean =>
  // The chart and Compose set variables to nothing.
  Boolean(process.env.AWS_ENDPOINT_URL_S3 || process.env.AWS_ENDPOINT_URL)
