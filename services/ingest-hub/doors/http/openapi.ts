/** The door's OpenAPI 3.1 document, generated from the contracts. */
import type { SwaggerOptions } from '@fastify/swagger'
import type { TopicName } from '@weir/contracts'
import { HEADERS, sampleOf, schemaOf } from '@weir/contracts'
import { parseSchema } from '@weir/contracts/avro.ts'
import { topics } from '@weir/solutions'
import type { FastifySchema } from 'fastify'
import { MAX_ID_LENGTH, MAX_SOURCE_LENGTH } from '../../intake/record-headers.ts'
import { jsonSchema } from './json-schema.ts'
import { LIMITS } from './limits.ts'

export function documentation(): SwaggerOptions {
  return {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Weir ingest-hub',
        version: '1.0.0',
        description: 'Stores records in topics. A response of 200 means that every record is stored.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
          header: {
            type: 'apiKey',
            in: 'header',
            name: 'X-Api-Key',
            description: 'The same key, in a header of its own.',
          },
        },
      },
      security: [{ bearer: [] }, { header: [] }, {}],
    },
  }
}

const RECORD_ID =
  'Send the same id when you send the record again, so that it counts once: of two records with one id, the ' +
  'first to arrive counts, whichever clients sent them. Generated if missing.'
const RECORD_SOURCE =
  'The source of the records; by default the name of the API key. Besides it, each record has the ' +
  'name of the API key in the header weir-client.'

/** The operation that stores records of the topic. */
export function recordsSchema(name: TopicName): FastifySchema {
  const record = {
    type: 'object',
    required: ['value'],
    additionalProperties: false,
    properties: {
      id: { type: 'string', pattern: `^[!-~]{1,${MAX_ID_LENGTH}}$`, description: RECORD_ID },
      value: jsonSchema(parseSchema(schemaOf(topics[name]))),
    },
  }
  return {
    operationId: `store-${name}`,
    summary: `Stores records of ${name}`,
    description: `${topics[name].doc} Bodies may be sent with Content-Encoding gzip or zstd. Each line of an NDJSON body is one record.`,
    querystring: {
      type: 'object',
      properties: {
        ids: { type: 'boolean', description: 'Return the ids of the records, for JSON bodies.' },
      },
    },
    headers: {
      type: 'object',
      properties: {
        [HEADERS.source]: { type: 'string', maxLength: MAX_SOURCE_LENGTH, description: RECORD_SOURCE },
      },
    },
    body: {
      required: true,
      content: {
        'application/json': {
          schema: {
            type: 'object',
            required: ['records'],
            additionalProperties: false,
            properties: {
              records: { type: 'array', minItems: 1, maxItems: LIMITS.batchRecords, items: record },
            },
          },
          example: { records: [{ value: sampleOf(topics, name) }] },
        },
        'application/x-ndjson': { schema: record },
      },
    },
    response: {
      200: { description: 'All records are stored.', ...STORED },
      207: { description: 'Some records are not stored.', ...PARTLY },
      400: { description: 'The body is invalid.', ...ERROR },
      401: { description: 'The API key is missing or unknown.', ...ERROR },
      403: { description: 'The API key may not write to this topic.', ...ERROR },
      404: { description: 'The topic does not exist.', ...ERROR },
      413: {
        description: `A JSON body is at most ${LIMITS.bodyBytes} bytes decompressed and ${LIMITS.batchRecords} records.`,
        ...ERROR,
      },
      415: { description: 'Content-Type or Content-Encoding is not supported.', ...ERROR },
      429: {
        description: 'Overload: nothing is stored; Retry-After says when to send again.',
        ...ERROR,
      },
      503: {
        description:
          'No broker answers, or the service is stopping: send again with the same ids, after Retry-After.',
        ...ERROR,
      },
    },
  } as FastifySchema
}

const content = (schema: object): object => ({ content: { 'application/json': { schema } } })

const STORED = content({
  type: 'object',
  required: ['stored'],
  properties: { stored: { type: 'integer' }, ids: { type: 'array', items: { type: 'string' } } },
})

const PARTLY = content({
  type: 'object',
  required: ['stored', 'failed', 'errors'],
  properties: {
    stored: { type: 'integer' },
    failed: { type: 'integer' },
    errors: {
      type: 'array',
      maxItems: LIMITS.listedErrors + 1,
      items: {
        type: 'object',
        required: ['index', 'code', 'message', 'retriable'],
        properties: {
          index: { type: 'integer', description: 'The index of the record in the request, from 0.' },
          id: { type: 'string' },
          code: { type: 'string' },
          field: {
            type: 'string',
            description: 'The invalid field: a path in the value, or id or value itself.',
          },
          message: { type: 'string' },
          retriable: { type: 'boolean', description: 'Whether the same record can be stored later.' },
          toEnd: {
            type: 'boolean',
            description:
              'It is unknown whether this record and all after it were stored: send them again with the same ids.',
          },
        },
      },
    },
  },
})

const ERROR = content({
  type: 'object',
  required: ['error'],
  properties: {
    error: {
      type: 'object',
      required: ['code', 'message'],
      properties: { code: { type: 'string' }, message: { type: 'string' } },
    },
  },
})
