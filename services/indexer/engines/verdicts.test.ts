/** Covers the messages in the engines' sources that the conformance suite cannot bring about. */
import { expect, test } from 'vitest'
import type { BulkItem } from './engine.ts'
import { remedyFor, verdictOf } from './verdicts.ts'

const item = (status: number, type: string, reason: string, cause?: string): BulkItem => ({
  status,
  error: { type, reason, ...(cause && { caused_by: { reason: cause } }) },
})

test('a document that Lucene cannot store is refused', () => {
  for (const reason of [
    'Document contains at least one immense term in field="device" (whose UTF8 encoding is longer than 32766)',
    'DocValuesField "device" is too large, must be <= 32766',
    'DocValuesField "device" appears more than once in this document (only one value is allowed per field)',
    'stored field "note" is too large (715827883 characters) to store',
    'too many tokens for field "note"',
    "position 2147483600 is too large for field 'note': max allowed position is 2147483519",
    "first position increment must be > 0 (got 0) for field 'note'",
  ])
    expect([reason, verdictOf(item(400, 'illegal_argument_exception', reason))]).toEqual([reason, 'refused'])
})

test('an error of the index, the cluster or its settings holds the document, whatever the status', () => {
  for (const [status, type, reason] of [
    [400, 'illegal_argument_exception', 'number of documents in the index cannot exceed 2147483519'],
    [
      400,
      'illegal_argument_exception',
      'index request with op_type=create targeting backing indices is disallowed',
    ],
    [
      400,
      'mapper_parsing_exception',
      'Failed to parse mapping [_doc]: unknown parameter [properties] on mapper [a]',
    ],
    [400, 'routing_missing_exception', 'routing is required for [taxi]/[1]'],
    [403, 'security_exception', 'action [indices:data/write/bulk[s]] is unauthorized for user [indexer]'],
    [400, 'invalid_index_name_exception', 'Invalid index name [Taxi-2026.11.22], must be lowercase'],
    [409, 'resource_already_exists_exception', 'index [taxi] already exists'],
    [429, 'of_tomorrow_exception', 'no more today'],
    [500, 'mapper_exception', 'timed out while waiting for a dynamic mapping update'],
    [503, 'unavailable_shards_exception', '[taxi][0] primary shard is not active Timeout: [10s]'],
  ] as const)
    expect([type, verdictOf(item(status, type, reason))]).toEqual([type, 'held'])
  expect(verdictOf({ status: 507 })).toBe('held')
})

test('an error of a busy engine blames neither the document nor the index', () => {
  const types = [
    'es_rejected_execution_exception',
    'rejected_execution_exception',
    'circuit_breaking_exception',
  ]
  expect(types.map((type) => verdictOf(item(429, type, '')))).toEqual(types.map(() => 'overloaded'))
})

test('a document that quotes the error of an index is refused all the same', () => {
  const words = 'Limit of total fields [1000] has been exceeded'
  const field = `[1:86] failed to parse field [speed] in document with id '${words}'. Preview of value: '${words}'`
  expect(verdictOf(item(400, 'document_parsing_exception', field, `For input string: "${words}"`))).toBe(
    'refused',
  )
  expect(verdictOf(item(400, 'mapper_parsing_exception', 'failed to parse', `'${words}' is not an IP`))).toBe(
    'refused',
  )
  expect(verdictOf(item(400, 'document_parsing_exception', `[1:14] failed to parse: ${words}`, words))).toBe(
    'held',
  )
})

test('each known error has its remedy', () => {
  const remedy = (type: string, reason = '') => remedyFor(item(400, type, reason))
  expect(remedy('validation_exception', 'Validation Failed: 1: this action')).toContain(
    'cluster.max_shards_per_node',
  )
  expect(remedy('security_exception')).toContain('SEARCH_USERNAME')
  expect(remedy('illegal_argument_exception', 'pipeline with id [p] does not exist')).toContain('pipeline')
  expect(remedy('of_tomorrow_exception')).toContain('does not know this error')
})
