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
        description: 'Records in. An answer of 200 means that every record is stored.',
      },
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
          header: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'The same key.' },
        },
      },
      security: [{ bearer: [] }, { header: [] }, {}],
    },
  }
}

const RECORD_ID =
  'Repeat it when you send the record again, and it counts once: of two records with the same id, the ' +
  'first to arrive counts, whichever clients sent them. Made when missing.'
const RECORD_SOURCE =
  "Where the records come from; the API key's name when missing. Beside it, each record has the " +
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
      properties: { ids: { type: 'boolean', description: "Answer the records' ids, for JSON bodies." } },
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
      400: { description: 'The body is none.', ...ERROR },
      401: { description: 'No API key, or an unknown one.', ...ERROR },
      403: { description: 'The API key may not write to this topic.', ...ERROR },
      404: { description: 'No such topic.', ...ERROR },
      413: {
        description: `A JSON body is at most ${LIMITS.bodyBytes} bytes inflated and ${LIMITS.batchRecords} records.`,
        ...ERROR,
      },
      415: { description: 'Content-Type or Content-Encoding is not served.', ...ERROR },
      429: {
        description: 'Under pressure: nothing is stored; Retry-After says when to send again.',
        ...ERROR,
      },
      503: {
        description: 'No broker, or stopping: send again with the same ids, after Retry-After.',
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
          index: { type: 'integer', description: "The record's place in the request, from 0." },
          id: { type: 'string' },
          code: { type: 'string' },
          field: {
            type: 'string',
            description: 'What is wrong: a path in the value, or id or value itself.',
          },
          message: { type: 'string' },
          retriable: { type: 'boolean', description: 'Whether the same record can be stored later.' },
          toEnd: {
            type: 'boolean',
            description:
              'This record and all after it are not known to be stored: send them again with the same ids.',
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
