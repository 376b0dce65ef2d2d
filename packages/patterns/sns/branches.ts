/** The combinations of a filter policy's $or, within SNS's limits. */
import { FilterPolicyError } from '../errors.ts'
import { MAX_COMBINATIONS, MAX_WILDCARD_POINTS, tooComplex } from './complexity.ts'
import { type EitherRule, type FieldRule, type FilterPolicyScope, MAX_DEPTH, type Rule } from './rules.ts'

/** SNS's limit for the fields of a policy. */
export const MAX_KEYS = 5
/**
 * The most characters of a field's path in a body: matching prepares all ways to write a path with dots. SNS
 * documents no such limit.
 */
export const MAX_PATH_LENGTH = 1024

/** A rule for each field, by the field's path joined by dots; all must hold. */
export type Branch = ReadonlyMap<string, FieldRule>

/** Returns the policy's branches, one of which must hold. Throws a FilterPolicyError. */
export function expand(rules: readonly Rule[], scope: FilterPolicyScope): readonly Branch[] {
  checkFields(rules, scope)
  const branches = withRules(rules, [new Map()])
  const combinations = branches.reduce((sum, branch) => sum + combinationsOf(branch), 0)
  if (combinations > MAX_COMBINATIONS) throw tooComplex()
  return branches
}

/** Checks the limits for the fields of all branches together. */
function checkFields(rules: readonly Rule[], scope: FilterPolicyScope): void {
  const keys = new Set<string>()
  let wildcardPoints = 0
  for (const rule of fieldsOf(rules)) {
    if (scope === 'MessageBody') checkPath(rule.path)
    keys.add(rule.path.join('.'))
    if (keys.size > MAX_KEYS)
      throw new FilterPolicyError(`FilterPolicy: Filter policy can not have more than ${MAX_KEYS} keys`)
    wildcardPoints += rule.wildcardPoints
  }
  if (wildcardPoints > MAX_WILDCARD_POINTS) throw tooComplex()
}

function* fieldsOf(rules: readonly Rule[]): Iterable<FieldRule> {
  for (const rule of rules) {
    if ('either' in rule) for (const either of rule.either) yield* fieldsOf(either)
    else yield rule
  }
}

/** Dots in the names of a body's fields stand for nested objects. */
function checkPath(path: readonly string[]): void {
  const length = path.reduce((sum, name) => sum + name.length + 1, -1)
  if (length > MAX_PATH_LENGTH || path.join('.').split('.').length > MAX_DEPTH) throw tooComplex()
}

type GrowingBranch = Map<string, FieldRule>

/**
 * Adds rules to every branch. If a branch has a rule for a field already, the new one replaces it. Few keys,
 * and few branches, keep this short.
 */
function withRules(rules: readonly Rule[], branches: readonly GrowingBranch[]): readonly GrowingBranch[] {
  for (const rule of rules) {
    if ('either' in rule) branches = withEither(rule, branches)
    else for (const branch of branches) branch.set(rule.path.join('.'), rule)
  }
  return branches
}

function withEither({ either }: EitherRule, branches: readonly GrowingBranch[]): readonly GrowingBranch[] {
  const expanded: GrowingBranch[] = []
  for (const rules of either) {
    const copies = branches.map((branch) => new Map(branch))
    expanded.push(...withRules(rules, copies))
    if (expanded.length > MAX_COMBINATIONS) throw tooComplex()
  }
  return expanded
}

function combinationsOf(branch: Branch): number {
  let combinations = 1
  for (const { count, path } of branch.values()) combinations *= count * path.length
  return combinations
}
