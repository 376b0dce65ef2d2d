/**
 * Source text under construction: functions specialised to a schema are written as text and compiled once.
 */
import { SchemaError } from '@weir/contracts/avro.ts'

/**
 * Types used in many places are inlined at each. More lines than this mean a schema that multiplies itself,
 * not one that a person wrote.
 */
const MAX_LINES = 50_000

export class Source {
  readonly #constants: string[] = []
  readonly #lines: (string | (() => string))[] = []
  #names = 0

  /** A name that is used nowhere else in this text. */
  name(prefix: string): string {
    return `${prefix}${this.#names++}`
  }

  /** Declares a constant that is evaluated once, before the function; returns its name. */
  constant(expression: string): string {
    const name = this.name('CONSTANT')
    this.#constants.push(`const ${name} = ${expression}`)
    return name
  }

  /** @param text a function if the line depends on later lines */
  line(text: string | (() => string)): void {
    if (this.#lines.length >= MAX_LINES)
      throw new SchemaError(`The schema needs more than ${MAX_LINES} lines of code.`)
    this.#lines.push(text)
  }

  /** Evaluates the text, whose lines must define and return a function; `scope` names what they may use. */
  compile<T>(scope: Readonly<Record<string, unknown>>): T {
    const lines = this.#lines.map((line) => (typeof line === 'string' ? line : line()))
    return new Function(...Object.keys(scope), ["'use strict'", ...this.#constants, ...lines].join('\n'))(
      ...Object.values(scope),
    ) as T
  }
}

/** Quotes any string as a literal: field names and symbols come from schemas that others wrote. */
export function quote(text: string): string {
  return JSON.stringify(text)
}

/** A property of an object literal. The name is computed if the plain form would set the prototype. */
export function property(name: string, expression: string): string {
  return name === '__proto__' ? `[${quote(name)}]: ${expression}` : `${quote(name)}: ${expression}`
}

/**
 * An expression that creates a new value each time it is evaluated, for defaults that are lists, maps or
 * records.
 */
export function literal(value: unknown): string {
  if (Buffer.isBuffer(value)) return `Buffer.from(${quote(value.toString('latin1'))}, 'latin1')`
  if (Array.isArray(value)) return `[${value.map(literal).join(', ')}]`
  if (typeof value === 'object' && value !== null)
    return `{ ${Object.entries(value)
      .map(([name, inner]) => property(name, literal(inner)))
      .join(', ')} }`
  return JSON.stringify(value)
}
