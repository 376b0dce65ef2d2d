/** Substitution templates of action parameters: text with ${expression}. */
import { Compiler } from './compile/compiler.ts'
import { TooMuchWork } from './errors.ts'
import { type Context, Evaluation, type Expression } from './evaluation/evaluation.ts'
import type { Message } from './evaluation/message.ts'
import type { Rule } from './rule.ts'
import { ExpressionParser } from './syntax/expression.ts'
import { failure } from './syntax/lexer.ts'
import { Tokens } from './syntax/tokens.ts'
import { toText } from './values/convert.ts'
import type { SqlVersion } from './version.ts'

/** UTF-16 code units of a template. */
export const MAX_TEMPLATE_LENGTH = 65_536

/** The next ${ or $$; a single dollar sign is text. */
const DOLLAR = /\$[{$]/g

export class Template {
  readonly #version: SqlVersion
  readonly #parts: readonly (string | Expression)[]
  readonly #variables: readonly Expression[]

  /** Use parseTemplate. */
  constructor(
    version: SqlVersion,
    parts: readonly (string | Expression)[],
    variables: readonly Expression[],
  ) {
    this.#version = version
    this.#parts = parts
    this.#variables = variables
  }

  /**
   * The text with the values of its expressions, which read the payload of the message and not the result of
   * SELECT. Undefined and Null give no text, and arrays and objects JSON. Undefined if the template takes too
   * long for the message.
   */
  render(message: Message, context: Context): string | undefined {
    const evaluation = new Evaluation(message, context, this.#version, this.#variables)
    try {
      const texts = this.#parts.map((part) => {
        const text = typeof part === 'string' ? part : (toText(part(evaluation), evaluation) ?? '')
        evaluation.count(text.length)
        return text
      })
      return texts.join('')
    } catch (error) {
      if (error instanceof TooMuchWork) return undefined
      throw error
    }
  }
}

/**
 * Parses a template. $$ stands for a dollar sign, as the guide has it for topics such as $$aws/things/….
 *
 * @param rule gives the version, and the variables of SET that the template may use
 * @throws SqlError with the place and the reason in one sentence
 */
export function parseTemplate(text: string, rule: Rule | SqlVersion): Template {
  if (text.length > MAX_TEMPLATE_LENGTH)
    throw failure(text, MAX_TEMPLATE_LENGTH, `The template has more than ${MAX_TEMPLATE_LENGTH} characters`)
  const version = typeof rule === 'string' ? rule : rule.version
  const variables = typeof rule === 'string' ? [] : rule.variableExpressions
  const slots = typeof rule === 'string' ? new Map<string, number>() : rule.variables
  const compiler = new Compiler(text, version, slots)
  const parts: (string | Expression)[] = []
  let from = 0
  for (;;) {
    DOLLAR.lastIndex = from
    const dollar = DOLLAR.exec(text)?.index
    if (dollar === undefined) break
    parts.push(text.slice(from, dollar))
    if (text[dollar + 1] === '$') {
      parts.push('$')
      from = dollar + 2
    } else {
      const tokens = new Tokens(text, dollar + 2)
      const node = new ExpressionParser(tokens, version).parse()
      from = tokens.expectClosingBrace()
      parts.push(compiler.compile(node))
    }
  }
  parts.push(text.slice(from))
  return new Template(version, parts, variables)
}
