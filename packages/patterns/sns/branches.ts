/** The combinations of a filter policy's $or, within SNS's limits. */
import { FilterPolicyError } from '../errors.ts'
import {
  type EitherRule,
  type FieldRule,
  type FilterPolicyScope,
  MAX_DEPTH,
  type Rule,
  type RuleList,
  tooComplex,
} from './rules.ts'

/** SNS's limit for the names in a policy's outermost object. */
export const MAX_KEYS = 5
/**
 * SNS's limit for a policy: the numbers of values of a branch's arrays, each times the array's level,
 * multiplied, and summed for all branches.
 */
export const MAX_COMBINATIONS = 150
/**
 * The most conditions that are made while $or is expanded, copies included. Each takes memory. SNS documents
 * no such limit; a policy within SNS's limits needs a few thousand.
 */
export const MAX_CONDITIONS = 20_000
/** The most characters of all paths together: matching prepares all ways to write a path with dots. */
export const MAX_PATH_CHARACTERS = 8192

/** A rule for each field, by the field's path joined by dots; all must hold. */
export type Branch = ReadonlyMap<string, FieldRule>

/** Returns the policy's branches, one of which must hold. Throws a FilterPolicyError. */
export function expand({ rules, keys }: RuleList, scope: FilterPolicyScope): readonly Branch[] {
  if (keys > MAX_KEYS)
    throw new FilterPolicyError(`FilterPolicy: Filter policy can not have more than ${MAX_KEYS} keys`)
  if (scope === 'MessageBody') checkPaths(rules)
  const branches = new Expansion().expand(rules, [new Map()])
  const combinations = branches.reduce((sum, branch) => sum + combinationsOf(branch), 0)
  if (combinations > MAX_COMBINATIONS) throw tooComplex()
  return branches
}

type GrowingBranch = Map<string, FieldRule>

class Expansion {
  /** Conditions made so far. */
  #conditions = 0

  /** Adds rules to every branch. If a branch has a rule for the field already, the new one replaces it. */
  expand(rules: readonly Rule[], branches: readonly GrowingBranch[]): readonly GrowingBranch[] {
    for (const rule of rules) {
      if ('either' in rule) {
        branches = this.#either(rule, branches)
      } else {
        this.#count(branches.length)
        for (const branch of branches) branch.set(rule.path.join('.'), rule)
      }
    }
    return branches
  }

  #either({ either }: EitherRule, branches: readonly GrowingBranch[]): readonly GrowingBranch[] {
    const expanded: GrowingBranch[] = []
    for (const rules of either) {
      const copies = branches.map((branch) => {
        this.#count(1 + branch.size)
        return new Map(branch)
      })
      expanded.push(...this.expand(rules, copies))
      if (expanded.length > MAX_COMBINATIONS) throw tooComplex()
    }
    return expanded
  }

  #count(conditions: number): void {
    this.#conditions += conditions
    if (this.#conditions > MAX_CONDITIONS) throw tooComplex()
  }
}

function combinationsOf(branch: Branch): number {
  let combinations = 1
  for (const { count, path } of branch.values()) combinations *= count * path.length
  return combinations
}

/** Names of a body's fields may have dots, which stand for nested objects. */
function checkPaths(rules: readonly Rule[]): void {
  let characters = 0
  for (const { path } of fieldsOf(rules)) {
    const joined = path.join('.')
    characters += joined.length
    if (joined.split('.').length > MAX_DEPTH || characters > MAX_PATH_CHARACTERS) throw tooComplex()
  }
}

function* fieldsOf(rules: readonly Rule[]): Iterable<FieldRule> {
  for (const rule of rules) {
    if ('either' in rule) for (const either of rule.either) yield* fieldsOf(either)
    else yield rule
  }
}
