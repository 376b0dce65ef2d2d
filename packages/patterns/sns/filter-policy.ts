/**
 * Subscription filter policies of Amazon SNS: an object with the names of message attributes, or with the
 * shape of the message body, whose arrays list the alternatives for a field. The semantics are those that SNS
 * documents (docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html); where it is silent,
 * those of AWS's Event Ruler.
 */
import { acceptsValue, type Leaf, matchesPlan, type Plan, Planner } from '../plan.ts'
import { Work } from '../work.ts'
import { MALFORMED, type MessageAttributes, valueOf } from './attributes.ts'
import { type Branch, expand } from './branches.ts'
import { type FilterPolicyScope, readRules } from './rules.ts'

export interface FilterPolicy {
  readonly scope: FilterPolicyScope
  /**
   * Whether a policy of the scope MessageAttributes accepts a message with these attributes. Binary
   * attributes match nothing. Throws TooMuchWork.
   * @param work the work on the message, for callers that test several policies: its limit is for all
   */
  matchesAttributes(attributes: MessageAttributes, work?: Work): boolean
  /**
   * Whether a policy of the scope MessageBody accepts a message with this body, parsed from JSON; bodies that
   * are not JSON objects match nothing. Throws TooMuchWork.
   * @param work the work on the message, for callers that test several policies: its limit is for all
   */
  matchesBody(body: unknown, work?: Work): boolean
}

/**
 * Parses and checks a policy. The empty object accepts all messages. Throws a FilterPolicyError, whose message
 * begins with "FilterPolicy: " in most cases.
 */
export function parseFilterPolicy(text: string, scope: FilterPolicyScope): FilterPolicy {
  const rules = readRules(text, scope)
  if (rules.length === 0) return { scope, matchesAttributes: () => true, matchesBody: () => true }
  const branches = expand(rules, scope)
  return scope === 'MessageBody' ? new BodyPolicy(branches) : new AttributePolicy(branches)
}

/** A condition on an attribute. */
interface AttributeCondition {
  readonly name: string
  readonly leaf: Leaf
}

class AttributePolicy implements FilterPolicy {
  readonly scope = 'MessageAttributes'
  readonly #branches: readonly (readonly AttributeCondition[])[]

  constructor(branches: readonly Branch[]) {
    this.#branches = branches.map((branch) => [...branch].map(([name, { leaf }]) => ({ name, leaf })))
  }

  matchesAttributes(attributes: MessageAttributes, work = new Work(false)): boolean {
    // As SNS documents, not even { "exists": false } matches a message without attributes.
    if (isEmpty(attributes)) return false
    return this.#branches.some((branch) => {
      work.beginPlan()
      return branch.every(({ name, leaf }) => {
        const value = valueOf(attributes, name)
        return value !== MALFORMED && acceptsValue(leaf, value, work)
      })
    })
  }

  matchesBody(): boolean {
    return wrongScope(this.scope)
  }
}

class BodyPolicy implements FilterPolicy {
  readonly scope = 'MessageBody'
  readonly #plans: readonly Plan[]

  constructor(branches: readonly Branch[]) {
    const planner = new Planner()
    this.#plans = branches.map((branch) =>
      planner.plan([...branch].map(([path, { leaf }]) => ({ path: path.split('.'), leaf }))),
    )
  }

  matchesAttributes(): boolean {
    return wrongScope(this.scope)
  }

  matchesBody(body: unknown, work = new Work(this.#plans.length > 1)): boolean {
    return this.#plans.some((plan) => matchesPlan(plan, body, work))
  }
}

function isEmpty(object: object): boolean {
  for (const _ in object) return false
  return true
}

function wrongScope(scope: FilterPolicyScope): never {
  throw new TypeError(`The filter policy is for ${scope}.`)
}
