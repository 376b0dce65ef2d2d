/** Checks the form of resource policies, which are stored and returned but not evaluated. */
import { invalidArgument } from './names.ts'

/** IAM user guide, "Grammar of the IAM JSON policy language". */
const VERSIONS = ['2012-10-17', '2008-10-17']
const EFFECTS = ['Allow', 'Deny']
/** A statement has one member of each pair. */
const PAIRS = [
  ['Principal', 'NotPrincipal'],
  ['Action', 'NotAction'],
  ['Resource', 'NotResource'],
]
/** The same limit as for the policies of S3 buckets and Lambda functions. */
const MAX_BYTES = 20 << 10

/** Throws InvalidArgumentException if the policy is malformed. */
export function checkPolicy(text: string): void {
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_BYTES)
    throw invalidArgument(`The policy has ${bytes} bytes; at most ${MAX_BYTES} are allowed.`)
  const policy = objectOf(parsed(text), 'The policy')
  if (policy.Version !== undefined && !VERSIONS.includes(policy.Version as string)) {
    throw refused(`Version must be ${VERSIONS.join(' or ')}`)
  }
  if (policy.Statement === undefined) throw refused('it must have a Statement')
  const statements = Array.isArray(policy.Statement) ? policy.Statement : [policy.Statement]
  if (statements.length === 0) throw refused('Statement must not be empty')
  statements.forEach((statement, i) =>
    checkStatement(objectOf(statement, `Statement ${i + 1}`), `Statement ${i + 1}`),
  )
}

function checkStatement(statement: Readonly<Record<string, unknown>>, which: string): void {
  if (!EFFECTS.includes(statement.Effect as string)) {
    throw refused(`${which} must have the Effect ${EFFECTS.join(' or ')}`)
  }
  for (const [name, not] of PAIRS) {
    const has = (member: string): boolean => statement[member] !== undefined
    if (has(name) === has(not)) throw refused(`${which} must have either ${name} or ${not}`)
    const member = has(name) ? name : not
    if (!isNamed(statement[member], member)) throw refused(`${member} of ${which} must name something`)
  }
}

/**
 * Accepts one non-empty text or a list of them. A principal is "*" or has texts for each kind: {"AWS": …}.
 */
function isNamed(value: unknown, member: string): boolean {
  if (!member.endsWith('Principal')) return isTexts(value)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value === '*'
  const kinds = Object.values(value)
  return kinds.length > 0 && kinds.every(isTexts)
}

function isTexts(value: unknown): boolean {
  const texts = Array.isArray(value) ? value : [value]
  return texts.length > 0 && texts.every((text) => typeof text === 'string' && text !== '')
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw refused('it must be JSON')
  }
}

function objectOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refused(`${what} must be an object`)
  return value as Readonly<Record<string, unknown>>
}

function refused(why: string): Error {
  return invalidArgument(`The policy is not valid: ${why}.`)
}
