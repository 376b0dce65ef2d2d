/** Reads the head of a request: the source of its records, and their format. */

import { HEADERS } from '@weir/contracts'
import { type Client, HttpError } from '@weir/service'
import type { FastifyRequest } from 'fastify'
import type { IntakeTopic } from '../../intake/intake.ts'
import { MAX_SOURCE_LENGTH } from '../../intake/record-headers.ts'

const SOURCE = /^[\x21-\x7e]+$/

/**
 * The source of the records: the client's Weir-Source header, or the name of its API key without one. Records
 * carry the key's name in weir-client as well.
 */
export function sourceOf({ headers }: FastifyRequest, client: Client): string {
  const source = headers[HEADERS.source]
  if (source === undefined) return client.name ?? 'anonymous'
  if (typeof source === 'string' && source.length <= MAX_SOURCE_LENGTH && SOURCE.test(source)) return source
  throw new HttpError(
    400,
    'invalid-source',
    `Weir-Source must be 1 to ${MAX_SOURCE_LENGTH} visible ASCII characters.`,
  )
}

export function formatOf({ headers }: FastifyRequest): 'json' | 'ndjson' {
  const type = headers['content-type']?.split(';', 1)[0].trim().toLowerCase()
  if (type === 'application/json') return 'json'
  if (type === 'application/x-ndjson') return 'ndjson'
  throw new HttpError(
    415,
    'unsupported-media-type',
    'Content-Type must be application/json or application/x-ndjson.',
    { accept: 'application/json, application/x-ndjson' },
  )
}

export function unknownTopic(name: string, topics: readonly IntakeTopic[]): HttpError {
  return new HttpError(
    404,
    'unknown-topic',
    `${name} is not a topic with an HTTP door; choose one of ${topics.map((topic) => topic.name).join(', ')}.`,
  )
}
