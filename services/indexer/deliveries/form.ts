/** What the bytes and the place of an object depend on, besides its records and its name. */
import { COMPRESSIONS, type DeliveryStream } from '@weir/deliveries'
import { flag, nullable, object, oneOf, read, type Shape, type ShapedBy, text } from '@weir/topics/shape.ts'
import { failureOf, type Part } from './part.ts'
import type { Delimiter } from './spool.ts'

const delimiter: Shape<Delimiter> = (value, at, extra) => (value === 'frame' ? value : flag(value, at, extra))

/** Settings that do not follow the delivery stream's changes, since a repetition must do the same again. */
const endpoint = object({
  kind: oneOf('http'),
  /** The prefix of objects with records that were given up, as it was configured. */
  errorPrefix: text({ min: 0, max: 1024 }),
  timeZone: text({ max: 50 }),
})
export type EndpointForm = ShapedBy<typeof endpoint>

const form = object(
  {
    bucket: text({ max: 255, pattern: /^[a-zA-Z0-9._-]+$/, like: 'the name of a bucket' }),
    compression: oneOf(...COMPRESSIONS),
    delimiter,
    kmsKeyArn: nullable(text({ max: 512 })),
  },
  { endpoint },
)
export type Form = ShapedBy<typeof form>

/** Records that could not be processed are lines of JSON in S3, also if the delivery stream has an endpoint. */
export function formOf({ destination, endpoint }: DeliveryStream, part: Part): Form {
  const { bucketArn, compression, kmsKeyArn, prefix, errorPrefix, timeZone } = destination
  const common = { bucket: bucketArn.slice(bucketArn.lastIndexOf(':') + 1), compression, kmsKeyArn }
  if (failureOf(part) !== undefined) return { ...common, delimiter: true }
  if (endpoint === null) return { ...common, delimiter: destination.delimiter }
  const { kind } = endpoint
  return {
    ...common,
    delimiter: 'frame',
    endpoint: { kind, errorPrefix: errorPrefix || prefix, timeZone },
  }
}

export const writeForm = (form: Form): string => JSON.stringify(form)

/** Throws if the text is not a form. */
export const readForm = (text: string): Form => read(form, JSON.parse(text), 'ignored')
