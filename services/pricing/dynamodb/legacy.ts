/**
 * The parameters that DynamoDB had before expressions. Mappers of objects in AWS's older SDKs still send them. A request
 * with them becomes the same request with expressions. The texts of errors are DynamoDB's.
 */
import { type AttributeValue, readValue, typeOf } from '@weir/items'
import { invalid, invalidValue } from './errors.ts'
import { type ExpressionInput, refusing } from './expressions.ts'

type Operator = keyof typeof ARGUMENTS

interface Condition {
  readonly ComparisonOperator?: Operator
  readonly AttributeValueList?: readonly AttributeValue[]
}

interface Expectation extends Condition {
  readonly Value?: AttributeValue
  readonly Exists?: boolean
}

interface AttributeUpdate {
  readonly Value?: AttributeValue
  readonly Action?: 'PUT' | 'ADD' | 'DELETE'
}

interface LegacyInput extends ExpressionInput {
  readonly AttributesToGet?: readonly string[]
  readonly AttributeUpdates?: Readonly<Record<string, AttributeUpdate>>
  readonly Expected?: Readonly<Record<string, Expectation>>
  readonly QueryFilter?: Readonly<Record<string, Condition>>
  readonly ScanFilter?: Readonly<Record<string, Condition>>
  readonly ConditionalOperator?: 'AND' | 'OR'
  readonly KeyConditions?: Readonly<Record<string, Condition>>
}

/** In the order in which errors name them. */
const LEGACY = [
  'AttributesToGet',
  'AttributeUpdates',
  'Expected',
  'QueryFilter',
  'ScanFilter',
  'ConditionalOperator',
  'KeyConditions',
] as const satisfies readonly (keyof LegacyInput)[]
const IS_LEGACY: ReadonlySet<string> = new Set(LEGACY)
const EXPRESSIONS = [
  'ProjectionExpression',
  'FilterExpression',
  'KeyConditionExpression',
  'UpdateExpression',
  'ConditionExpression',
]

/** The numbers of arguments of the operators, and the operators as expressions of a name and values. */
const ARGUMENTS = {
  EQ: [1, 1],
  NE: [1, 1],
  LE: [1, 1],
  LT: [1, 1],
  GE: [1, 1],
  GT: [1, 1],
  NOT_NULL: [0, 0],
  NULL: [0, 0],
  CONTAINS: [1, 1],
  NOT_CONTAINS: [1, 1],
  BEGINS_WITH: [1, 1],
  IN: [1, Infinity],
  BETWEEN: [2, 2],
} as const
const EXPRESSED: Readonly<Record<Operator, (name: string, values: readonly string[]) => string>> = {
  EQ: (name, [value]) => `${name} = ${value}`,
  NE: (name, [value]) => `${name} <> ${value}`,
  LE: (name, [value]) => `${name} <= ${value}`,
  LT: (name, [value]) => `${name} < ${value}`,
  GE: (name, [value]) => `${name} >= ${value}`,
  GT: (name, [value]) => `${name} > ${value}`,
  NOT_NULL: (name) => `attribute_exists(${name})`,
  NULL: (name) => `attribute_not_exists(${name})`,
  CONTAINS: (name, [value]) => `contains(${name}, ${value})`,
  NOT_CONTAINS: (name, [value]) => `(attribute_exists(${name}) AND NOT contains(${name}, ${value}))`,
  BEGINS_WITH: (name, [value]) => `begins_with(${name}, ${value})`,
  IN: (name, values) => `${name} IN (${values.join(', ')})`,
  BETWEEN: (name, [low, high]) => `${name} BETWEEN ${low} AND ${high}`,
}

/** Returns the request with expressions only; the same object if it has no other parameters. */
export function withExpressions<T extends object>(input: T): T {
  if (!Object.keys(input).some((name) => IS_LEGACY.has(name))) return input
  return refusing(() => new Rewriting(input).result() as T)
}

class Rewriting {
  readonly #input: LegacyInput
  readonly #names: Record<string, string>
  readonly #values: Record<string, AttributeValue>
  #count = 0

  constructor(input: LegacyInput) {
    demandOneKind(input)
    this.#input = input
    this.#names = { ...input.ExpressionAttributeNames }
    this.#values = Object.assign(Object.create(null), input.ExpressionAttributeValues)
  }

  result(): object {
    const rest = Object.entries(this.#input).filter(([name]) => !IS_LEGACY.has(name))
    const expressions = Object.entries(this.#expressions()).filter(([, text]) => text !== undefined)
    return Object.fromEntries([
      ...rest,
      ...expressions,
      ...(Object.keys(this.#names).length > 0 ? [['ExpressionAttributeNames', this.#names]] : []),
      ...(Object.keys(this.#values).length > 0 ? [['ExpressionAttributeValues', this.#values]] : []),
    ])
  }

  #expressions(): Readonly<Record<string, string | undefined>> {
    const { AttributesToGet, AttributeUpdates, Expected, KeyConditions } = this.#input
    const { QueryFilter, ScanFilter = QueryFilter, ConditionalOperator = 'AND' } = this.#input
    return {
      ProjectionExpression: AttributesToGet && this.#projection(AttributesToGet),
      UpdateExpression: AttributeUpdates && this.#update(AttributeUpdates),
      ConditionExpression: Expected && this.#all(Expected, ConditionalOperator, expectedOf),
      FilterExpression: ScanFilter && this.#all(ScanFilter, ConditionalOperator, conditionOf),
      KeyConditionExpression: KeyConditions && this.#all(KeyConditions, 'AND', conditionOf),
    }
  }

  #projection(attributes: readonly string[]): string {
    const twice = attributes.find((name, at) => attributes.indexOf(name) !== at)
    if (twice !== undefined) throw invalidValue(`Duplicate value in attribute name: ${twice}`)
    return attributes.map((name) => this.#name(name)).join(', ')
  }

  /** An update without attributes only makes sure that there is an item. */
  #update(updates: Readonly<Record<string, AttributeUpdate>>): string | undefined {
    const sections = new Map<string, string[]>()
    for (const [attribute, update] of Object.entries(updates)) {
      const [section, text] = this.#action(attribute, update)
      sections.set(section, [...(sections.get(section) ?? []), text])
    }
    const text = [...sections].map(([section, actions]) => `${section} ${actions.join(', ')}`).join(' ')
    return text === '' ? undefined : text
  }

  #action(attribute: string, { Action: action = 'PUT', Value: given }: AttributeUpdate): [string, string] {
    const name = this.#name(attribute)
    if (given === undefined) {
      if (action === 'DELETE') return ['REMOVE', name]
      throw invalidValue('Only DELETE action is allowed when no attribute value is specified')
    }
    const value = readValue(given)
    const type = typeOf(value)
    if (action === 'PUT') return ['SET', `${name} = ${this.#value(value)}`]
    if (action === 'DELETE' && !['SS', 'NS', 'BS'].includes(type))
      throw invalidValue(`DELETE action with value is not supported for the type ${type}`)
    if (action === 'ADD' && type === 'L')
      return [
        'SET',
        `${name} = list_append(if_not_exists(${name}, ${this.#value({ L: [] })}), ${this.#value(value)})`,
      ]
    if (action === 'ADD' && !['N', 'SS', 'NS', 'BS'].includes(type))
      throw invalidValue(`ADD action is not supported for the type ${type}`)
    return [action, `${name} ${this.#value(value)}`]
  }

  /** Returns undefined for an empty map, which demands nothing. */
  #all<C>(
    conditions: Readonly<Record<string, C>>,
    operator: 'AND' | 'OR',
    read: (condition: C, attribute: string) => Required<Condition>,
  ): string | undefined {
    const texts = Object.entries(conditions).map(([attribute, condition]) => {
      const { ComparisonOperator, AttributeValueList } = read(condition, attribute)
      const values = AttributeValueList.map((value) => this.#value(value))
      return EXPRESSED[ComparisonOperator](this.#name(attribute), values)
    })
    return texts.length === 0 ? undefined : texts.join(` ${operator} `)
  }

  #name(attribute: string): string {
    const placeholder = this.#next('#', this.#names)
    this.#names[placeholder] = attribute
    return placeholder
  }

  #value(value: AttributeValue): string {
    const placeholder = this.#next(':', this.#values)
    this.#values[placeholder] = value
    return placeholder
  }

  #next(mark: string, taken: object): string {
    const placeholder = `${mark}${this.#count++}`
    return Object.hasOwn(taken, placeholder) ? this.#next(mark, taken) : placeholder
  }
}

/** KeyConditions may stand beside expressions that are not of the key. */
function demandOneKind(input: LegacyInput): void {
  const given = (name: string): boolean => (input as Record<string, unknown>)[name] !== undefined
  const expressions = EXPRESSIONS.filter(given)
  const others = LEGACY.filter(
    (name) => given(name) && (name !== 'KeyConditions' || given('KeyConditionExpression')),
  )
  if (expressions.length > 0 && others.length > 0)
    throw invalid(
      `Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {${others.join(', ')}} Expression parameters: {${expressions.join(', ')}}`,
    )
  if (expressions.length > 0) return
  for (const name of ['ExpressionAttributeNames', 'ExpressionAttributeValues'])
    if (given(name)) throw invalid(`${name} can only be specified when using expressions`)
}

function conditionOf({ ComparisonOperator: operator, AttributeValueList: values = [] }: Condition) {
  const [least, most] = ARGUMENTS[operator!]
  if (values.length < least || values.length > most)
    throw invalidValue(`Invalid number of argument(s) for the ${operator} ComparisonOperator`)
  const read = values.map(readValue)
  if (new Set(read.map(typeOf)).size > 1)
    throw invalidValue('AttributeValues inside AttributeValueList must be of same type')
  return { ComparisonOperator: operator!, AttributeValueList: read }
}

function expectedOf(expectation: Expectation, attribute: string): Required<Condition> {
  const { Value: value, Exists: exists, ComparisonOperator: operator, AttributeValueList: list } = expectation
  if (operator !== undefined) {
    if (exists !== undefined)
      throw invalidValue(`Exists and ComparisonOperator cannot be used together for Attribute: ${attribute}`)
    if (value === undefined && list === undefined && ARGUMENTS[operator][0] > 0)
      throw invalidValue(
        `Value or AttributeValueList must be used with ComparisonOperator: ${operator} for Attribute: ${attribute}`,
      )
    if (value === undefined) return conditionOf(expectation)
    if (list !== undefined)
      throw invalidValue(`Value and AttributeValueList cannot be used together for Attribute: ${attribute}`)
    return conditionOf({ ComparisonOperator: operator, AttributeValueList: [value] })
  }
  if (list !== undefined)
    throw invalidValue(
      `AttributeValueList can only be used with a ComparisonOperator for Attribute: ${attribute}`,
    )
  if (exists === false) {
    if (value === undefined) return { ComparisonOperator: 'NULL', AttributeValueList: [] }
    throw invalidValue(`Value cannot be used when Exists is false for Attribute: ${attribute}`)
  }
  if (value === undefined)
    throw invalidValue(
      `Value must be provided when Exists is ${exists ?? 'null'} for Attribute: ${attribute}`,
    )
  return conditionOf({ ComparisonOperator: 'EQ', AttributeValueList: [value] })
}
