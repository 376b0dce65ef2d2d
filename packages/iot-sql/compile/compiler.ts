/** Compiles expressions to closures. */
import type { SqlError } from '../errors.ts'
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import { compileCall } from '../functions/call.ts'
import type { Member, Node, NodeOf } from '../syntax/ast.ts'
import { failure } from '../syntax/lexer.ts'
import { toBoolean } from '../values/convert.ts'
import { equals } from '../values/equality.ts'
import { asMember, fieldOf, setField, type Value } from '../values/value.ts'
import type { SqlVersion } from '../version.ts'
import { compileCast } from './cast.ts'
import { BINARY, logical, negateValue, not } from './operators.ts'
import { compileSelect } from './select.ts'

/** Regular expressions of a rule or a template that are compiled with it. */
const MAX_REGEXPS = 32

export class Compiler {
  readonly source: string
  readonly version: SqlVersion
  /** Slots of the variables that are set so far. */
  readonly #variables: ReadonlyMap<string, number>
  /** Names of the elements of the nested queries around the expression, the outermost first. */
  readonly #aliases: (string | undefined)[] = []
  #regexps = 0

  constructor(source: string, version: SqlVersion, variables: ReadonlyMap<string, number>) {
    this.source = source
    this.version = version
    this.#variables = variables
  }

  /** @throws SqlError for functions, types and variables that cannot be used */
  compile(node: Node): Expression {
    switch (node.kind) {
      case 'literal':
        return constant(node.value)
      case 'field':
        return this.#field(node.name)
      case 'member':
        return this.#member(node)
      case 'star':
        return this.#star()
      case 'fields':
        throw this.failure(node, 'All fields of an object', 'are only possible as a column of SELECT')
      case 'variable':
        return this.#variable(node)
      case 'call':
        return compileCall(node, this)
      case 'cast':
        return compileCast(node, this)
      case 'unary':
        return this.#unary(node)
      case 'exists':
        return this.#exists(node)
      case 'binary':
        return this.#binary(node)
      case 'case':
        return this.#case(node)
      case 'object':
        return this.#object(node.members)
      case 'array':
        return this.#array(node.elements)
      case 'query':
        return this.#query(node)
    }
  }

  /** Whether the expression is in a nested query, where * is an element and not the payload. */
  get isNested(): boolean {
    return this.#aliases.length > 0
  }

  /** @throws SqlError if the SQL has too many: each takes some milliseconds to compile */
  countRegexp(node: Node): void {
    if (++this.#regexps > MAX_REGEXPS)
      throw this.failure(node, `The SQL has more than ${MAX_REGEXPS} regular expressions`)
  }

  failure(node: Node, problem: string, detail?: string): SqlError {
    return failure(this.source, node.at, problem, detail)
  }

  /** The payload, or the element of the innermost nested query. */
  #star(): Expression {
    const level = this.#aliases.length - 1
    return level < 0 ? (evaluation) => evaluation.payload : (evaluation) => evaluation.rows[level]
  }

  /** An element that a nested query names, a field of the innermost element, or a field of the payload. */
  #field(name: string): Expression {
    const named = this.#aliases.lastIndexOf(name)
    if (named >= 0) return (evaluation) => evaluation.rows[named]
    const level = this.#aliases.length - 1
    return level < 0
      ? (evaluation) => fieldOf(evaluation.root, name)
      : (evaluation) => fieldOf(evaluation.rows[level], name)
  }

  #member({ object, name }: NodeOf<'member'>): Expression {
    const of = this.compile(object)
    return (evaluation) => {
      evaluation.count(1)
      return fieldOf(of(evaluation), name)
    }
  }

  #variable(node: NodeOf<'variable'>): Expression {
    const slot = this.#variables.get(node.name)
    if (slot === undefined)
      throw this.failure(node, `The variable @${node.name}`, 'is not set before it is used')
    return (evaluation) => evaluation.variable(slot)
  }

  #unary({ operator, operand }: NodeOf<'unary'>): Expression {
    const of = this.compile(operand)
    const apply = operator === 'NOT' ? not : negateValue
    return (evaluation) => {
      evaluation.count(1)
      return apply(of(evaluation), evaluation)
    }
  }

  #binary({ operator, left, right }: NodeOf<'binary'>): Expression {
    const a = this.compile(left)
    const b = this.compile(right)
    if (operator === 'AND' || operator === 'OR') return logical(a, b, operator === 'OR')
    const apply = BINARY[operator]
    return (evaluation) => {
      evaluation.count(1)
      return apply(a(evaluation), b(evaluation), evaluation)
    }
  }

  #case({ subject, branches, otherwise }: NodeOf<'case'>): Expression {
    const of = this.compile(subject)
    const compiled = branches.map(({ when, result }) => ({
      when: this.compile(when),
      result: this.compile(result),
    }))
    const last = otherwise === undefined ? constant(undefined) : this.compile(otherwise)
    return (evaluation) => {
      const value = of(evaluation)
      if (value === undefined) return undefined
      for (const { when, result } of compiled) {
        evaluation.count(1)
        if (equals(value, when(evaluation), evaluation) === true) return result(evaluation)
      }
      return last(evaluation)
    }
  }

  #object(members: readonly Member[]): Expression {
    const compiled = members.map(({ name, value }) => ({ name, value: this.compile(value) }))
    return (evaluation) => {
      evaluation.count(compiled.length)
      const object: Record<string, Value> = {}
      for (const { name, value } of compiled) {
        const member = asMember(value(evaluation))
        if (member !== undefined) setField(object, name, member)
      }
      return object
    }
  }

  #array(elements: readonly Node[]): Expression {
    const compiled = elements.map((element) => this.compile(element))
    return (evaluation) => {
      evaluation.count(compiled.length)
      const array: Value[] = []
      for (const element of compiled) {
        const value = asMember(element(evaluation))
        if (value !== undefined) array.push(value)
      }
      return array
    }
  }

  /** Whether a nested query has a result: an element, or an object that it was made of. */
  #exists({ query }: NodeOf<'exists'>): Expression {
    const of = this.compile(query)
    return (evaluation) => {
      const result = of(evaluation)
      return Array.isArray(result) ? result.length > 0 : result !== undefined
    }
  }

  /** An array of the results for the elements of an array, or the result for an object. */
  #query({ select, from, alias, where }: NodeOf<'query'>): Expression {
    const source = this.compile(from)
    const level = this.#aliases.length
    this.#aliases.push(alias)
    const condition = where === undefined ? undefined : this.compile(where)
    const result = compileSelect(select, this)
    this.#aliases.pop()
    const resultOf = (row: Value, evaluation: Evaluation): Value => {
      evaluation.count(4)
      evaluation.rows[level] = row
      const holds = condition === undefined || toBoolean(condition(evaluation)) === true
      return holds ? asMember(result(evaluation)) : undefined
    }
    return (evaluation) => {
      const rows = source(evaluation)
      if (!Array.isArray(rows)) return isRow(rows) ? resultOf(rows, evaluation) : undefined
      const results: Value[] = []
      for (const row of rows) {
        const value = resultOf(row, evaluation)
        if (value !== undefined) results.push(value)
      }
      return results
    }
  }
}

const constant =
  (value: Value): Expression =>
  () =>
    value

function isRow(value: Value): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array)
}
