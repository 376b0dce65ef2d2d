/** Requests to HTTP endpoints (Firehose developer guide, "HTTP endpoint delivery request and response specifications"). */
import { createHash } from 'node:crypto'
import type { HttpEndpoint } from '@weir/deliveries'
import type { Frame } from './frames.ts'

/**
 * The size of a body before compression. The specification allows 64 MiB, but requests are in memory; larger buffers
 * take several requests.
 */
const MAX_BODY_BYTES = 8 << 20
/** A body without records, and a record without its data. */
const BODY_BYTES = 200
const RECORD_BEFORE = '{"data":"'
const RECORD_AFTER = '"}'

const recordBytes = (value: Buffer): number =>
  RECORD_BEFORE.length + 4 * Math.ceil(value.length / 3) + RECORD_AFTER.length + 1

/** The records of each request. The same records make the same requests. */
export async function* requestsOf(frames: AsyncIterable<readonly Frame[]>): AsyncGenerator<Frame[]> {
  let [records, bytes]: [Frame[], number] = [[], BODY_BYTES]
  for await (const some of frames) {
    for (const frame of some) {
      const length = recordBytes(frame.value)
      if (bytes + length > MAX_BODY_BYTES && records.length > 0) {
        yield records
        ;[records, bytes] = [[], BODY_BYTES]
      }
      records.push(frame)
      bytes += length
    }
  }
  if (records.length > 0) yield records
}

/** The id of a request, a UUID. @param key the name of the delivery @param number counts its requests, from 0 */
export function requestIdOf(key: string, number: number): string {
  const hex = createHash('sha256').update(`${number} ${key}`).digest('hex')
  // Version 8: what the bits mean is up to the application (RFC 9562, section 5.8).
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** @param timestamp ms since the epoch */
export function bodyOf(requestId: string, timestamp: number, records: readonly Frame[]): Buffer {
  const before = `{"requestId":"${requestId}","timestamp":${timestamp},"records":[`
  const size = records.reduce((sum, { value }) => sum + recordBytes(value), before.length + 2)
  const body = Buffer.allocUnsafe(size)
  let at = body.write(before, 'latin1')
  for (const { value } of records) {
    at += body.write(RECORD_BEFORE, at, 'latin1')
    at += body.write(value.toString('base64'), at, 'latin1')
    at += body.write(`${RECORD_AFTER},`, at, 'latin1')
  }
  // The comma after the last record.
  at -= 1
  at += body.write(']}', at, 'latin1')
  return body.subarray(0, at)
}

export function headersOf(endpoint: HttpEndpoint, requestId: string, arn: string): Record<string, string> {
  const { accessKey, attributes, isCompressed } = endpoint
  return {
    'content-type': 'application/json',
    'x-amz-firehose-protocol-version': '1.0',
    'x-amz-firehose-request-id': requestId,
    'x-amz-firehose-source-arn': arn,
    ...(isCompressed && { 'content-encoding': 'gzip' }),
    ...(accessKey !== '' && { 'x-amz-firehose-access-key': accessKey }),
    ...(attributes.length > 0 && { 'x-amz-firehose-common-attributes': attributesOf(attributes) }),
  }
}

/** JSON in ASCII, as headers are. */
const attributesOf = (attributes: HttpEndpoint['attributes']): string =>
  JSON.stringify({ commonAttributes: Object.fromEntries(attributes) }).replaceAll(
    /[\u007f-\uffff]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
