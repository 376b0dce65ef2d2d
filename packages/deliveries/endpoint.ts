/** Receivers of delivery streams besides S3, as the control log stores them. Plain data. */
import {
  flag,
  integer,
  list,
  nullable,
  object,
  oneOf,
  pair,
  type Shape,
  type ShapedBy,
  text,
} from '@weir/topics/shape.ts'

const arn = text({ max: 512, pattern: /^arn:/, like: 'an ARN' })
const buffering = object({
  sizeMiB: integer({ min: 1, max: 128 }),
  intervalSeconds: integer({ min: 0, max: 900 }),
})
export type Buffering = ShapedBy<typeof buffering>

const common = {
  /** The role that the creator named. It is noted. */
  roleArn: nullable(arn),
  /** How long a failed request is repeated, pauses only. */
  retrySeconds: integer({ min: 0, max: 7200 }),
  /** Whether objects have all records, besides those with the records that were given up. */
  backsUpAll: flag,
  /** The buffer that the creator asked for in S3's part. It is noted: objects have what an endpoint gets at a time. */
  backupBuffering: buffering,
  /** Noted, like that of S3. */
  logging: object({ enabled: flag, group: text({ min: 0, max: 512 }), stream: text({ min: 0, max: 512 }) }),
}

/** The model's bounds. */
const http = object({
  kind: oneOf('http'),
  url: text({ max: 1000, pattern: /^https:\/\//, like: 'a URL with https' }),
  name: nullable(text({ max: 256 })),
  /** The secret that requests have; empty if they have none. */
  accessKey: text({ min: 0, max: 4096 }),
  isCompressed: flag,
  attributes: list(pair(text({ max: 256 }), text({ min: 0, max: 1024 })), { max: 50 }),
  ...common,
})
export type HttpEndpoint = ShapedBy<typeof http>

export type Endpoint = HttpEndpoint

/** Throws a Misfit for a kind that is not known. */
export const endpoint: Shape<Endpoint> = http
