/** What the bytes and the place of an object depend on, besides its records and its name. */
import { COMPRESSIONS, type S3Destination } from '@weir/deliveries'
import { flag, nullable, object, oneOf, read, type ShapedBy, text } from '@weir/topics/shape.ts'
import { failureOf, type Part } from './part.ts'

const form = object({
  bucket: text({ max: 255, pattern: /^[a-zA-Z0-9._-]+$/, like: 'the name of a bucket' }),
  compression: oneOf(...COMPRESSIONS),
  delimiter: flag,
  kmsKeyArn: nullable(text({ max: 512 })),
})
export type Form = ShapedBy<typeof form>

/** Failed records are lines of JSON. */
export const formOf = (
  { bucketArn, compression, delimiter, kmsKeyArn }: S3Destination,
  part: Part,
): Form => ({
  bucket: bucketArn.slice(bucketArn.lastIndexOf(':') + 1),
  compression,
  delimiter: delimiter || failureOf(part) !== undefined,
  kmsKeyArn,
})

export const writeForm = (form: Form): string => JSON.stringify(form)

/** Throws if the text is not a form. */
export const readForm = (text: string): Form => read(form, JSON.parse(text), 'ignored')
