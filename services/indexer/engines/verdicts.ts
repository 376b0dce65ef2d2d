/**
 * Decides what an engine's answer means for a document. The status alone is not enough: 400 stands for a
 * document that does not fit, for a closed index, and for a cluster at its limit of shards. The error's type
 * decides, or its reason if one type covers several cases. Types and reasons are taken from the sources of
 * Elasticsearch 8.19, OpenSearch 2.19 and their Lucene 9.12.
 */
import type { Verdict } from '@weir/sinks'
import type { BulkItem } from './engine.ts'

/**
 * The first is Elasticsearch's name and the second OpenSearch's. Both use the third if a request would not
 * fit into memory.
 */
const OVERLOADED = new Set([
  'es_rejected_execution_exception',
  'rejected_execution_exception',
  'circuit_breaking_exception',
])

/**
 * The document cannot be read, or does not fit the mapping. OpenSearch, and Elasticsearch before 8.8, use
 * mapper_parsing_exception.
 */
const REFUSED = new Set([
  'document_parsing_exception',
  'mapper_parsing_exception',
  'strict_dynamic_mapping_exception',
])

/**
 * Errors of the REFUSED types are about the index if their reason or its cause begins like this: its mapping
 * cannot be read, or is full.
 */
const OF_THE_INDEX = new RegExp(
  `^(${[
    'Failed to parse mapping',
    'Limit of (total|nested|total dimension) fields \\[',
    // A data stream has taken the index's name.
    'data stream timestamp field \\[',
    'documents must contain a single-valued timestamp field',
  ].join('|')})`,
)

/**
 * An illegal_argument_exception is nearly always about an index. These reasons, most of them Lucene's, are
 * about the document.
 */
const OF_THE_DOCUMENT = new RegExp(
  `^(${[
    'Document contains at least one immense term in field=',
    'stored field "[^"]*" is too large',
    'DocValuesField "[^"]*" (is too large|appears more than once)',
    'too many tokens for field ',
    'startOffset must be non-negative',
    '(first )?position increment must be ',
    'position overflowed ',
    'position \\d+ is too large for field',
    'Malformed content, found extra data after parsing',
    'Limit of mapping depth \\[',
  ].join('|')})`,
)

export function verdictOf({ status, error }: BulkItem): Verdict {
  if (status === 201 || status === 200) return 'created'
  if (error === undefined) return 'held'
  const { type, reason = '', caused_by: cause } = error
  if (type === 'version_conflict_engine_exception') return 'duplicate'
  if (OVERLOADED.has(type)) return 'overloaded'
  if (REFUSED.has(type))
    return OF_THE_INDEX.test(reason) || OF_THE_INDEX.test(cause?.reason ?? '') ? 'held' : 'refused'
  if (type === 'illegal_argument_exception' && OF_THE_DOCUMENT.test(reason)) return 'refused'
  return 'held'
}

/**
 * The remedy of an error that holds documents back, for people. A type that covers several cases has its
 * remedies by reason.
 */
const REMEDIES: Readonly<Record<string, string>> = {
  cluster_block_exception:
    'free disk space on nodes that are full, and unset the block (index.blocks.*, cluster.blocks.*)',
  index_closed_exception: 'open the index (POST INDEX/_open)',
  index_not_found_exception: 'create the index, or let action.auto_create_index allow its name',
  invalid_index_name_exception: 'correct the prefix of the index definition',
  mapper_parsing_exception: "correct the index templates that match the index's name",
  process_cluster_event_timeout_exception: 'check the load of the cluster manager',
  routing_missing_exception: 'unset _routing.required in the mapping of the index',
  security_exception: 'let the user of SEARCH_USERNAME create the index and write to it',
  unavailable_shards_exception:
    'bring back the nodes with the shards of the index (GET _cluster/allocation/explain)',
  validation_exception:
    'at the limit of shards, delete old indices, add nodes or raise cluster.max_shards_per_node',
}

const REMEDIES_BY_REASON: readonly (readonly [RegExp, string])[] = [
  [
    /^no write index is defined for alias/,
    'set is_write_index for one index of the alias, or remove the alias',
  ],
  [
    /^Limit of .* fields \[/,
    'raise index.mapping.total_fields.limit, or set "dynamic": false in the mapping',
  ],
  [
    /^pipeline with id/,
    'create the ingest pipeline, or unset index.default_pipeline and index.final_pipeline',
  ],
  [/timestamp field/, 'correct the index template that makes the index a data stream'],
]

const UNKNOWN = 'Weir does not know this error; see its reason in the log'

export function remedyFor({ error }: BulkItem): string {
  const reasons = [error?.reason ?? '', error?.caused_by?.reason ?? '']
  const byReason = REMEDIES_BY_REASON.find(([beginning]) => reasons.some((reason) => beginning.test(reason)))
  return byReason?.[1] ?? REMEDIES[error?.type ?? ''] ?? UNKNOWN
}
