/** ConditionExpression and FilterExpression. */
import { beginsWith, compare, contains, equal } from '../values/compare.ts'
import { Steps } from '../values/steps.ts'
import { type AttributeValue, type Item, typeOf } from '../values/value.ts'
import { checkForm, type Resolved, resolveTest, testsOf } from './condition-checks.ts'
import { type Comparator, type Condition, parseConditionSyntax, type Test } from './condition-syntax.ts'
import { type Path, valueAt } from './paths.ts'
import type { Placeholders } from './placeholders.ts'
import { type Parameter, Source } from './source.ts'

export interface ParsedCondition {
  /** The paths that the condition reads. */
  readonly paths: readonly Path[]
  /** Throws ItemError if the evaluation takes too many steps. An item that does not exist has no attributes. */
  matches(item: Item): boolean
}

type Evaluate = (item: Item, steps: Steps) => boolean
type Read = (item: Item, steps: Steps) => AttributeValue | undefined

/** Throws ItemError for a text that is not such an expression. */
export function parseCondition(
  text: string,
  placeholders: Placeholders,
  parameter: Extract<
    Parameter,
    'ConditionExpression' | 'FilterExpression' | 'KeyConditionExpression'
  > = 'ConditionExpression',
): ParsedCondition {
  const source = new Source(parameter, text)
  const condition = parseConditionSyntax(source)
  const tests = testsOf(condition)
  checkForm(tests, source)
  const operands = new Map(tests.map((test) => [test, resolveTest(test, placeholders, source)]))
  const evaluate = compile(condition, operands)
  return {
    paths: [...operands.values()].flatMap(pathsOf),
    matches: (item) => evaluate(item, new Steps()),
  }
}

function pathsOf(operands: readonly Resolved[]): Path[] {
  return operands.flatMap((operand) => {
    if (operand.kind === 'path') return [operand.path]
    return operand.kind === 'size' ? pathsOf([operand.of]) : []
  })
}

function compile(condition: Condition, operands: ReadonlyMap<Test, readonly Resolved[]>): Evaluate {
  switch (condition.kind) {
    case 'and': {
      const parts = condition.conditions.map((part) => compile(part, operands))
      return (item, steps) => parts.every((part) => part(item, steps))
    }
    case 'or': {
      const parts = condition.conditions.map((part) => compile(part, operands))
      return (item, steps) => parts.some((part) => part(item, steps))
    }
    case 'not': {
      const part = compile(condition.condition, operands)
      return (item, steps) => !part(item, steps)
    }
    default:
      return compileTest(condition, operands.get(condition)!.map(compileOperand))
  }
}

function compileTest(test: Test, [first, second, third, ...rest]: readonly Read[]): Evaluate {
  switch (test.kind) {
    case 'comparison':
      return compileComparison(test.operator, first, second)
    case 'between': {
      const fromLower = compileComparison('>=', first, second)
      const toUpper = compileComparison('<=', first, third)
      return (item, steps) => fromLower(item, steps) && toUpper(item, steps)
    }
    case 'in': {
      const candidates = [second, third, ...rest].filter((read) => read !== undefined)
      return (item, steps) => {
        const value = first(item, steps)
        if (value === undefined) return false
        return candidates.some((read) => {
          const candidate = read(item, steps)
          return candidate !== undefined && equal(value, candidate, steps)
        })
      }
    }
    case 'call':
      return compileFunction(test.name, first, second)
  }
}

function compileFunction(name: string, first: Read, second: Read): Evaluate {
  if (name === 'attribute_exists') return (item, steps) => first(item, steps) !== undefined
  if (name === 'attribute_not_exists') return (item, steps) => first(item, steps) === undefined
  if (name === 'begins_with') return both(first, second, beginsWith)
  if (name === 'contains') return both(first, second, contains)
  return both(first, second, (value, type) => 'S' in type && typeOf(value) === type.S)
}

/** A test that is false if one of its operands is not in the item. */
function both(
  first: Read,
  second: Read,
  holds: (a: AttributeValue, b: AttributeValue, steps: Steps) => boolean,
): Evaluate {
  return (item, steps) => {
    const a = first(item, steps)
    if (a === undefined) return false
    const b = second(item, steps)
    return b !== undefined && holds(a, b, steps)
  }
}

function compileComparison(operator: Comparator, first: Read, second: Read): Evaluate {
  if (operator === '=') return both(first, second, equal)
  if (operator === '<>') {
    // An attribute that is not there differs from everything.
    const same = both(first, second, equal)
    return (item, steps) => !same(item, steps)
  }
  const holds = ORDERS[operator]
  return both(first, second, (a, b, steps) => {
    const order = compare(a, b, steps)
    return order !== undefined && holds(order)
  })
}

const ORDERS: Readonly<Record<'<' | '<=' | '>' | '>=', (order: number) => boolean>> = {
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
}

function compileOperand(operand: Resolved): Read {
  switch (operand.kind) {
    case 'path':
      return (item) => valueAt(item, operand.path)
    case 'value':
      return () => operand.value
    case 'size': {
      const of = compileOperand(operand.of)
      return (item, steps) => sizeOf(of(item, steps), steps)
    }
  }
}

/** Characters of a string, bytes of a binary value or members of a collection; other values have no size. */
function sizeOf(value: AttributeValue | undefined, steps: Steps): AttributeValue | undefined {
  if (value === undefined) return undefined
  if ('M' in value) {
    const { length } = Object.keys(value.M)
    steps.spend(length)
    return number(length)
  }
  const content = Object.values(value)[0]
  return typeof content === 'boolean' || 'N' in value ? undefined : number(content.length)
}

const number = (value: number): AttributeValue => ({ N: String(value) })
