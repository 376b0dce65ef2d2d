/** A rule: the SQL that selects messages and makes payloads of them. */
import { Compiler } from './compile/compiler.ts'
import { compileSelect } from './compile/select.ts'
import { TooMuchWork } from './errors.ts'
import { type Context, Evaluation, type Expression } from './evaluation/evaluation.ts'
import type { Message } from './evaluation/message.ts'
import { explainCondition } from './explain.ts'
import type { Column, Node, Select, Statement } from './syntax/ast.ts'
import { readsPayload } from './syntax/fields.ts'
import { failure } from './syntax/lexer.ts'
import { parseStatement } from './syntax/statement.ts'
import { basicIngestOf } from './topics/basic-ingest.ts'
import { filterProblem, MQTT_LIMITS } from './topics/check.ts'
import { toBoolean } from './values/convert.ts'
import { asMember, isObject, type JsonValue, type Value } from './values/value.ts'
import type { SqlVersion } from './version.ts'

/**
 * Why a rule has no result for a message:
 *
 * - condition-false: WHERE is false
 * - condition-undefined: WHERE is neither true nor false, such as for a field that is missing
 * - not-json: SELECT reads fields, and the payload is no JSON object or array
 * - bytes-with-columns: SELECT adds columns to *, and the payload has no fields
 * - array: SELECT VALUE is an array, which SQL version 2015-10-08 does not have
 * - too-much-work: the evaluation was stopped after MAX_STEPS
 */
export type Reason =
  | 'condition-false'
  | 'condition-undefined'
  | 'not-json'
  | 'bytes-with-columns'
  | 'array'
  | 'too-much-work'

/**
 * The payload for the actions: bytes if SELECT * found no JSON, and JSON otherwise. JSON may belong to the
 * message: do not change it. toBytes makes bytes of it.
 */
export type RuleResult =
  | { readonly matched: true; readonly payload: JsonValue | Buffer }
  | { readonly matched: false; readonly why: Reason }

const SENTENCES: Readonly<Record<Reason, string>> = {
  'condition-false': 'The condition is false.',
  'condition-undefined': 'The condition is neither true nor false.',
  'not-json': 'The payload is no JSON object or array, so it has no fields for SELECT.',
  'bytes-with-columns': 'The payload is no JSON object, so SELECT cannot add columns to *.',
  array: 'SELECT VALUE is an array, which SQL version 2015-10-08 does not have; use version 2016-03-23.',
  'too-much-work': 'The rule takes too long for this message.',
}

const failed = (why: Reason): RuleResult => Object.freeze({ matched: false, why })
const CONDITION_FALSE = failed('condition-false')
const CONDITION_UNDEFINED = failed('condition-undefined')
const NOT_JSON = failed('not-json')
const BYTES_WITH_COLUMNS = failed('bytes-with-columns')
const ARRAY = failed('array')
const TOO_MUCH_WORK = failed('too-much-work')
const NOTHING = Buffer.alloc(0)

export class Rule {
  readonly version: SqlVersion
  /** The topic filter of FROM. Undefined for a rule that only Basic Ingest invokes. */
  readonly filter: string | undefined
  /** The slots of the variables of SET, and their expressions. Templates of the rule's actions share them. */
  readonly variables: ReadonlyMap<string, number>
  readonly variableExpressions: readonly Expression[]
  readonly #sql: string
  readonly #condition: Node | undefined
  readonly #where: Expression | undefined
  readonly #select: Expression
  readonly #readsFields: boolean
  readonly #addsToStar: boolean
  readonly #isStar: boolean
  readonly #isValue: boolean

  /** Use parseRule. */
  constructor(sql: string, version: SqlVersion, { variables, select, from, where }: Statement) {
    const slots = new Map<string, number>()
    const compiler = new Compiler(sql, version, slots)
    this.variableExpressions = variables.map(({ name, value }, slot) => {
      const expression = compiler.compile(value)
      slots.set(name, slot)
      return expression
    })
    this.version = version
    this.filter = from
    this.variables = slots
    this.#sql = sql
    this.#condition = where
    this.#where = where === undefined ? undefined : compiler.compile(where)
    this.#select = compileSelect(select, compiler)
    this.#readsFields = readsPayload(select)
    this.#isValue = select.kind === 'value'
    const star = columnsOf(select).find(({ value, path }) => path === undefined && value.kind === 'star')
    this.#addsToStar = star !== undefined && columnsOf(select).length > 1
    this.#isStar = star !== undefined && !this.#addsToStar
  }

  /** Evaluates WHERE and then SELECT. Never throws for a message. */
  evaluate(message: Message, context: Context): RuleResult {
    const evaluation = new Evaluation(message, context, this.version, this.variableExpressions)
    try {
      if (this.#where !== undefined) {
        const holds = toBoolean(this.#where(evaluation))
        if (holds !== true) return holds === false ? CONDITION_FALSE : CONDITION_UNDEFINED
      }
      return this.#resultOf(message, evaluation)
    } catch (error) {
      if (error instanceof TooMuchWork) return TOO_MUCH_WORK
      throw error
    }
  }

  /**
   * Says why the rule has no result for a message, with the part of WHERE that is not true and the values that
   * it compares. Undefined if the rule matches. The text contains values of the payload.
   */
  explain(message: Message, context: Context): string | undefined {
    const result = this.evaluate(message, context)
    if (result.matched) return undefined
    const { why } = result
    if ((why !== 'condition-false' && why !== 'condition-undefined') || this.#condition === undefined)
      return SENTENCES[why]
    const newCompiler = () => new Compiler(this.#sql, this.version, this.variables)
    const evaluation = new Evaluation(message, context, this.version, this.variableExpressions)
    const parts = [SENTENCES[why], explainCondition(this.#condition, newCompiler, evaluation)]
    if (message.json(false) === undefined && readsPayload({ kind: 'value', value: this.#condition }))
      parts.push('The payload is no JSON object or array, so it has no fields.')
    return parts.join(' ')
  }

  #resultOf(message: Message, evaluation: Evaluation): RuleResult {
    if (this.#readsFields && evaluation.root === undefined) return NOT_JSON
    if (this.#addsToStar && message.payload.length > 0 && !isObject(evaluation.root))
      return BYTES_WITH_COLUMNS
    const value = this.#select(evaluation)
    if (value instanceof Buffer) return { matched: true, payload: value }
    if (value === undefined) return { matched: true, payload: NOTHING }
    if (this.#isValue && evaluation.keepDecimals && Array.isArray(value)) return ARRAY
    if (!this.#isStar) evaluation.countValue(value)
    return { matched: true, payload: asMember(value) as JsonValue }
  }
}

/**
 * Parses the SQL of a rule.
 *
 * @throws SqlError with the place and the reason in one sentence
 */
export function parseRule(sql: string, version: SqlVersion): Rule {
  const statement = parseStatement(sql, version)
  const { from, fromAt } = statement
  if (from !== undefined) {
    const problem = filterProblem(from, MQTT_LIMITS)
    if (problem !== undefined)
      throw failure(sql, fromAt, 'The topic filter of FROM', `is not valid: ${problem.slice(0, -1)}`)
    if (basicIngestOf(from) !== undefined)
      throw failure(
        sql,
        fromAt,
        'The topic filter of FROM',
        'is reserved for Basic Ingest: leave FROM out, and publish to $aws/rules/ with the name of the rule',
      )
  }
  return new Rule(sql, version, statement)
}

const columnsOf = (select: Select): readonly Column[] => (select.kind === 'columns' ? select.columns : [])

/** The bytes of a result: JSON with all digits of its numbers, or the bytes themselves. */
export function toBytes(payload: JsonValue | Buffer): Buffer {
  return payload instanceof Buffer ? payload : Buffer.from(JSON.stringify(payload as Value))
}
