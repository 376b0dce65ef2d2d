/** Checks topics and topic filters. */
import { basicIngestOf } from './basic-ingest.ts'

/** The limits of a broker. */
export interface TopicLimits {
  /** Bytes of UTF-8. */
  readonly maxBytes: number
  /** Levels between slashes. */
  readonly maxLevels: number
}

/** The length is MQTT's. MQTT has no limit for levels; EMQX's default is 128. */
export const MQTT_LIMITS: TopicLimits = { maxBytes: 65_535, maxLevels: 128 }
/** AWS IoT Core's quotas: 256 bytes and seven slashes, without the prefix of Basic Ingest. */
export const AWS_LIMITS: TopicLimits = { maxBytes: 256, maxLevels: 8 }

/** Says in one sentence why a name is not a topic that clients can publish to. Undefined if it is one. */
export function topicProblem(topic: string, limits: TopicLimits): string | undefined {
  const problem = nameProblem(topic, 'topic', limits)
  if (problem !== undefined) return problem
  return /[+#]/.test(topic)
    ? 'A topic must not contain + or #; only topic filters have wildcards.'
    : undefined
}

/** Says in one sentence why a name is not a topic filter. Undefined if it is one. */
export function filterProblem(filter: string, limits: TopicLimits): string | undefined {
  const problem = nameProblem(filter, 'topic filter', limits)
  if (problem !== undefined) return problem
  const hash = filter.indexOf('#')
  if (hash >= 0 && (hash !== filter.length - 1 || (hash > 0 && filter[hash - 1] !== '/')))
    return 'The wildcard # must be the whole last level of a topic filter.'
  return /[^/]\+|\+[^/]/.test(filter) ? 'The wildcard + must be a whole level of a topic filter.' : undefined
}

function nameProblem(name: string, what: string, { maxBytes, maxLevels }: TopicLimits): string | undefined {
  // AWS does not count the prefix of Basic Ingest.
  const counted = basicIngestOf(name)?.topic ?? name
  if (name === '') return `A ${what} must have at least one character.`
  if (!name.isWellFormed() || name.includes('\0'))
    return `A ${what} must not contain U+0000 or halves of surrogate pairs.`
  const bytes = Buffer.byteLength(counted)
  if (bytes > maxBytes) return `A ${what} must have at most ${maxBytes} bytes; this one has ${bytes}.`
  const levels = counted.split('/', maxLevels + 1).length
  return levels > maxLevels ? `A ${what} must have at most ${maxLevels} levels.` : undefined
}
