/** Delivery streams for tests and benches. */
import { randomBytes } from 'node:crypto'
import { type DeliveryStream, type S3Destination, TOPIC_PREFIX } from '../delivery-stream.ts'
import type { Endpoint, HttpEndpoint } from '../endpoint.ts'

/** An active delivery stream into a bucket of its own name. Its objects have a second of records, or 1 MiB. */
export function deliveryStream(
  name: string,
  changes: Partial<S3Destination> = {},
  endpoint: Endpoint | null = null,
): DeliveryStream {
  return {
    name,
    id: randomBytes(8).toString('hex'),
    createdAt: Date.now(),
    updatedAt: null,
    version: 1,
    status: 'ACTIVE',
    type: 'DirectPut',
    topic: TOPIC_PREFIX + name,
    sourceRoleArn: null,
    throughputHintMiB: null,
    destination: {
      roleArn: 'arn:aws:iam::123456789012:role/delivery',
      bucketArn: `arn:aws:s3:::${name}`,
      prefix: '',
      errorPrefix: '',
      sizeMiB: 1,
      intervalSeconds: 1,
      compression: 'UNCOMPRESSED',
      fileExtension: '',
      timeZone: 'UTC',
      kmsKeyArn: null,
      delimiter: true,
      logging: { enabled: false, group: '', stream: '' },
      ...changes,
    },
    endpoint,
    tags: {},
    encryption: null,
  }
}

/** An endpoint that is tried once: what it does not take is given up. */
export function httpEndpoint(url: string, changes: Partial<HttpEndpoint> = {}): HttpEndpoint {
  return {
    kind: 'http',
    url,
    name: null,
    accessKey: '',
    isCompressed: false,
    attributes: [],
    roleArn: null,
    retrySeconds: 0,
    backsUpAll: false,
    backupBuffering: { sizeMiB: 5, intervalSeconds: 300 },
    logging: { enabled: false, group: '', stream: '' },
    ...changes,
  }
}
