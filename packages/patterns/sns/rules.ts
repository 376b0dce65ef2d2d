/** The fields of a filter policy, and its $or, as a tree. */
import { FilterPolicyError } from '../errors.ts'
import { RESERVED_NAMES } from '../reserved-names.ts'
import { tooComplex } from './complexity.ts'
import { type Alternatives, readAlternatives } from './operators.ts'
import { PolicyReader } from './policy-reader.ts'

/** The part of a message that a policy is about. */
export type FilterPolicyScope = 'MessageAttributes' | 'MessageBody'

/** A field with its alternatives. */
export interface FieldRule extends Alternatives {
  /** The names of the objects around the field, and its own. */
  readonly path: readonly string[]
}

/** One of several lists of rules must hold. */
export interface EitherRule {
  readonly either: readonly (readonly Rule[])[]
}

export type Rule = FieldRule | EitherRule

/** SNS's limit for a policy. */
export const MAX_POLICY_BYTES = 256 * 1024
/** The most names of a path; bounds the recursion here and in matching. SNS documents no such limit. */
export const MAX_DEPTH = 64

/** Reads a policy. An empty object has no rules. Throws a FilterPolicyError. */
export function readRules(text: string, scope: FilterPolicyScope): readonly Rule[] {
  if (Buffer.byteLength(text) > MAX_POLICY_BYTES)
    throw new FilterPolicyError(`FilterPolicy: Filter policy is larger than ${MAX_POLICY_BYTES} bytes`)
  const reader = new PolicyReader(text)
  try {
    return new RuleReader(reader, scope, true).read()
  } catch (error) {
    // If $or cannot be the operator, it is the name of a field everywhere in the policy.
    try {
      return new RuleReader(reader, scope, false).read()
    } catch {
      throw error
    }
  }
}

class RuleReader {
  readonly #reader: PolicyReader
  readonly #scope: FilterPolicyScope
  /** Whether $or is the operator. */
  readonly #or: boolean

  constructor(reader: PolicyReader, scope: FilterPolicyScope, or: boolean) {
    this.#reader = reader
    this.#scope = scope
    this.#or = or
  }

  read(): readonly Rule[] {
    this.#reader.restart()
    this.#reader.expect('{', 'Filter is not an object')
    const rules: Rule[] = []
    this.#fields([], false, rules)
    return rules
  }

  /** Reads an object up to its end, and adds its rules. Returns whether it has any. */
  #fields(path: readonly string[], insideOr: boolean, rules: Rule[]): boolean {
    const reader = this.#reader
    let found = false
    for (let token = reader.next(); token.kind !== '}'; token = reader.next()) {
      found = true
      const name = token.text
      if (name === '$or' && this.#or) {
        rules.push({ either: this.#either(path) })
        continue
      }
      if (insideOr && RESERVED_NAMES.has(name))
        reader.fail(`${name} is Ruler reserved fieldName which cannot be used inside $or.`)
      const { kind } = reader.next()
      if (kind === '{') this.#object([...path, name], insideOr, rules)
      else if (kind === '[') rules.push(this.#field([...path, name]))
      else reader.fail(`"${name}" must be an object or an array`)
    }
    return found
  }

  #object(path: readonly string[], insideOr: boolean, rules: Rule[]): void {
    if (path.length > MAX_DEPTH) throw tooComplex()
    // Only the outermost object may be empty.
    if (!this.#fields(path, insideOr, rules)) this.#reader.fail('Empty objects are not allowed')
  }

  #field(path: readonly string[]): FieldRule {
    if (path.length > 1 && this.#scope === 'MessageAttributes')
      throw new FilterPolicyError(
        'Filter policy scope MessageAttributes does not support nested filter policy',
      )
    return { path, ...readAlternatives(this.#reader) }
  }

  #either(path: readonly string[]): Rule[][] {
    const reader = this.#reader
    reader.expect('[', 'It must be an Array followed with $or.')
    const either: Rule[][] = []
    for (let token = reader.next(); token.kind !== ']'; token = reader.next()) {
      if (token.kind !== '{') reader.fail('Only JSON object is allowed in array of $or relationship.')
      const rules: Rule[] = []
      this.#object(path, true, rules)
      either.push(rules)
    }
    if (either.length < 2) reader.fail('There must have at least 2 Objects in $or relationship.')
    return either
  }
}
