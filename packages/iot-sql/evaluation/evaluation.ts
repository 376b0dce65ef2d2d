/** The state of one evaluation: the message, rows of nested queries, variables, and the steps so far. */
import { TooMuchWork } from '../errors.ts'
import { Decimal } from '../numbers/decimal.ts'
import type { ObjectValue, Value } from '../values/value.ts'
import { keepsDecimals, type SqlVersion } from '../version.ts'
import type { Message } from './message.ts'

/**
 * The most steps of an evaluation: some tens of milliseconds, and a quarter of a second for the slowest regular
 * expressions. A step is a character read or written, an element of an array, or the call of a function.
 */
export const MAX_STEPS = 4_000_000

/** A field that is copied to another object, which may be a large one. */
export const STEPS_OF_FIELD = 10

/** Values that functions use besides the message. */
export interface Context {
  /** The account that owns the rule. */
  readonly accountId: string
  /** The time of the evaluation, in milliseconds since the epoch. */
  readonly nowMs: number
}

/** An expression that has been compiled. Throws TooMuchWork. */
export type Expression = (evaluation: Evaluation) => Value

export class Evaluation {
  readonly message: Message
  readonly context: Context
  readonly version: SqlVersion
  readonly keepDecimals: boolean
  /** Expressions of the variables of SET, evaluated when they are first used. */
  readonly #variables: readonly Expression[]
  /** The current elements of nested queries, the outermost first. */
  rows: Value[] = []
  #values: { value: Value }[] | undefined
  #steps = 0

  constructor(message: Message, context: Context, version: SqlVersion, variables: readonly Expression[]) {
    this.message = message
    this.context = context
    this.version = version
    this.keepDecimals = keepsDecimals(version)
    this.#variables = variables
  }

  /** The payload if it is a JSON object or array. */
  get root(): Value {
    return this.message.json(this.keepDecimals)
  }

  /** The payload if it is a JSON object or array, and its bytes otherwise. */
  get payload(): Value {
    return this.root ?? this.message.payload
  }

  variable(slot: number): Value {
    this.#values ??= []
    const known = this.#values[slot]
    if (known !== undefined) return known.value
    const { rows } = this
    this.rows = []
    const value = this.#variables[slot](this)
    this.rows = rows
    this.#values[slot] = { value }
    return value
  }

  /** @throws TooMuchWork */
  count(steps: number): void {
    this.#steps += steps
    if (this.#steps > MAX_STEPS) throw new TooMuchWork('The rule takes too long for this message.')
  }

  /**
   * Counts the characters that a value has as JSON, about. Values can contain the same array many times, so
   * their size is not bounded by the size of the message.
   */
  countValue(value: Value): void {
    if (typeof value !== 'object' || value === null) {
      this.count(typeof value === 'string' ? value.length + 2 : 4)
    } else if (Array.isArray(value)) {
      this.count(2)
      for (const element of value) this.countValue(element)
    } else if (!(value instanceof Decimal) && !(value instanceof Uint8Array)) {
      const object = value as ObjectValue
      // Every object here has own members only, and an array of their names would be the largest part of the work.
      for (const name in object) {
        this.count(name.length + 2)
        this.countValue(object[name])
      }
    }
  }
}
