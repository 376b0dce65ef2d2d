/**
 * The file of API keys: [{ "name": "shop", "sha256": "<hash of the key, hex>", "topics": ["orders.*"]
 * }]. A key may write to `topics`. It may see the records of the topics in `reads`, on pages, in tables and
 * through applications; without `reads` it may see those of `topics`. Its rights on topics of MQTT are in
 * `mqtt`. An entry with `"certificates": true` in the place of the hash has the rights of devices that show a
 * client certificate.
 */
import { type DeviceRights, deviceRights } from './device-rights.ts'

export interface ApiKey extends DeviceRights {
  readonly name: string
  /** Undefined for the rights of devices with certificates. */
  readonly sha256: Buffer | undefined
  mayWrite(topic: string): boolean
  mayRead(topic: string): boolean
}

/** The name becomes the source of the records that are sent with the key. */
const MAX_NAME_LENGTH = 128
const NAME = new RegExp(`^[\\x21-\\x7e]{1,${MAX_NAME_LENGTH}}$`)
const HASH = /^[0-9a-f]{64}$/i
const FIELDS = new Set(['name', 'sha256', 'topics', 'reads', 'mqtt', 'certificates'])
/** A topic's name, or a prefix of names with a star at its end. */
const PATTERN = /^[A-Za-z0-9._-]*\*?$/

/** Returns all keys of the file, or every problem with it. Problems do not repeat hashes. */
export function parseKeys(text: string): { keys: readonly ApiKey[]; problems: readonly string[] } {
  let entries: unknown
  try {
    entries = JSON.parse(text)
  } catch {
    return { keys: [], problems: ['The file of API keys is not JSON.'] }
  }
  if (!Array.isArray(entries)) return { keys: [], problems: ['The file of API keys must hold a list.'] }
  const problems: string[] = []
  const keys = entries.flatMap((entry, index) => parseKey(entry, `API key ${index}`, problems))
  return { keys, problems }
}

function parseKey(entry: any, which: string, problems: string[]): ApiKey[] {
  const before = problems.length
  for (const field of Object.keys(entry ?? {})) {
    if (FIELDS.has(field)) continue
    problems.push(`${which} has a field ${JSON.stringify(field.slice(0, 40))}, which is not known.`)
  }
  if (typeof entry?.name !== 'string' || !NAME.test(entry.name))
    problems.push(`${which} needs a name of 1 to ${MAX_NAME_LENGTH} visible ASCII characters.`)
  if (entry?.certificates === true) {
    if (entry.sha256 !== undefined)
      problems.push(`${which} has a sha256 and "certificates"; make two entries of it.`)
  } else if (typeof entry?.sha256 !== 'string' || !HASH.test(entry.sha256))
    problems.push(`${which} needs the key's SHA-256 as sha256, 64 hex digits.`)
  const topics = entry?.topics
  const reads = entry?.reads ?? topics
  const list = 'a list of names, or of prefixes that end with *'
  if (!arePatterns(topics)) problems.push(`${which} needs topics: ${list}.`)
  else if (!arePatterns(reads))
    problems.push(`${which} needs reads in the same form as topics: ${list}; or no reads at all.`)
  const devices = deviceRights(entry?.mqtt)
  if (devices === undefined)
    problems.push(
      `${which} needs mqtt in the form { "publish": [topic filters], "subscribe": [topic filters] }.`,
    )
  if (problems.length > before || devices === undefined) return []
  const among = (patterns: readonly string[]) => (topic: string) =>
    patterns.some((pattern) => fits(pattern, topic))
  const sha256 = entry.certificates === true ? undefined : Buffer.from(entry.sha256, 'hex')
  return [{ name: entry.name, sha256, mayWrite: among(topics), mayRead: among(reads), ...devices }]
}

function arePatterns(value: unknown): boolean {
  return Array.isArray(value) && value.every((topic) => typeof topic === 'string' && PATTERN.test(topic))
}

function fits(pattern: string, topic: string): boolean {
  return pattern.endsWith('*') ? topic.startsWith(pattern.slice(0, -1)) : topic === pattern
}
