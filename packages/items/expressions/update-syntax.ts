/** Parses UpdateExpressions. */
import type { Source } from './source.ts'
import { type Operand, parseBareOperand, parseOperand, parsePath, type WrittenPath } from './syntax.ts'
import { Tokens } from './tokens.ts'

export type Section = 'SET' | 'REMOVE' | 'ADD' | 'DELETE'

/** The right side of an assignment. */
export type Assigned =
  | Operand
  | { readonly kind: 'sum'; readonly operator: '+' | '-'; readonly args: readonly [Operand, Operand] }

export type WrittenAction =
  | { readonly section: 'SET'; readonly path: WrittenPath; readonly value: Assigned }
  | { readonly section: 'REMOVE'; readonly path: WrittenPath }
  /** `name` is that of a value's placeholder. */
  | { readonly section: 'ADD' | 'DELETE'; readonly path: WrittenPath; readonly name: string }

export interface UpdateSyntax {
  readonly actions: readonly WrittenAction[]
  /** The sections in the order of the text; a repeated one is there twice. */
  readonly sections: readonly Section[]
}

const SECTIONS: readonly Section[] = ['SET', 'REMOVE', 'ADD', 'DELETE']

/** Throws ItemError for a text that is not an update. */
export function parseUpdateSyntax(source: Source): UpdateSyntax {
  const tokens = new Tokens(source)
  const actions: WrittenAction[] = []
  const sections: Section[] = []
  do {
    const section = SECTIONS.find((keyword) => tokens.takeKeyword(keyword))
    if (section === undefined) throw tokens.unexpected()
    sections.push(section)
    do actions.push(parseAction(section, tokens))
    while (tokens.takeSymbol(','))
  } while (tokens.next.kind !== 'end')
  tokens.checkParentheses()
  return { actions, sections }
}

function parseAction(section: Section, tokens: Tokens): WrittenAction {
  const path = parsePath(tokens)
  if (section === 'REMOVE') return { section, path }
  if (section === 'SET') {
    tokens.expectSymbol('=')
    return { section, path, value: parseAssigned(tokens) }
  }
  if (tokens.next.kind !== 'value') throw tokens.unexpected()
  return { section, path, name: tokens.take().text }
}

function parseAssigned(tokens: Tokens): Assigned {
  const left = parseTerm(tokens)
  const operator = tokens.isSymbol('+') ? '+' : tokens.isSymbol('-') ? '-' : undefined
  if (operator === undefined) return left
  if (left.kind === 'sum') throw tokens.unexpected()
  tokens.countOperator()
  tokens.take()
  return { kind: 'sum', operator, args: [left, parseOperand(tokens)] }
}

/** Parentheses may be around a sum, too, but sums have no sums inside. */
function parseTerm(tokens: Tokens): Assigned {
  if (!tokens.takeSymbol('(')) return parseBareOperand(tokens)
  const value = tokens.nested(() => parseAssigned(tokens))
  tokens.expectSymbol(')')
  return value
}
