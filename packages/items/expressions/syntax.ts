/** The operands of expressions: document paths, values and calls of functions. */
import type { Tokens } from './tokens.ts'

/** Names and indices. A name that begins with # is a placeholder. */
export type WrittenPath = readonly (string | number)[]

export type Operand =
  | { readonly kind: 'path'; readonly path: WrittenPath }
  /** The name of a placeholder, with its colon. */
  | { readonly kind: 'value'; readonly name: string }
  | Call

export interface Call {
  readonly kind: 'call'
  readonly name: string
  readonly args: readonly Operand[]
}

/** The developer guide has these limits ("Quotas"). */
const MAX_PATH_LEVELS = 32
/** The largest index that the service accepts. */
const MAX_INDEX = 2 ** 32 - 2

export function parseOperand(tokens: Tokens): Operand {
  if (tokens.takeSymbol('('))
    return tokens.nested(() => {
      const operand = parseOperand(tokens)
      tokens.expectSymbol(')')
      return operand
    })
  return parseBareOperand(tokens)
}

/** An operand without parentheses around it. */
export function parseBareOperand(tokens: Tokens): Operand {
  if (tokens.next.kind === 'value') return { kind: 'value', name: tokens.take().text }
  if (tokens.isName() && tokens.isFollowedBy('(')) return parseCall(tokens)
  return { kind: 'path', path: parsePath(tokens) }
}

function parseCall(tokens: Tokens): Call {
  tokens.countOperator()
  const name = tokens.take().text
  tokens.expectSymbol('(')
  return tokens.nested(() => {
    const args = [parseOperand(tokens)]
    while (tokens.takeSymbol(',')) args.push(parseOperand(tokens))
    tokens.expectSymbol(')')
    return { kind: 'call', name, args }
  })
}

export function parsePath(tokens: Tokens): WrittenPath {
  const path: (string | number)[] = [parseName(tokens)]
  for (;;) {
    if (tokens.takeSymbol('.')) path.push(parseName(tokens))
    else if (tokens.takeSymbol('[')) path.push(parseIndex(tokens))
    else break
  }
  if (path.length > MAX_PATH_LEVELS)
    throw tokens.source.refuse(
      `The document path has too many nesting levels; nesting levels: ${path.length}`,
    )
  return path
}

function parseName(tokens: Tokens): string {
  if (tokens.next.kind !== 'name' && !tokens.isName()) throw tokens.unexpected()
  return tokens.take().text
}

function parseIndex(tokens: Tokens): number {
  if (tokens.next.kind !== 'integer') throw tokens.unexpected()
  const { text } = tokens.take()
  tokens.expectSymbol(']')
  const index = Number(text)
  if (index > MAX_INDEX)
    throw tokens.source.refuse(`List index is not within the allowable range; index: [${text}]`)
  return index
}
