/**
 * Parses conditions by the precedence that the developer guide gives: comparisons, IN, BETWEEN and functions, then NOT,
 * AND and OR.
 */
import type { Source } from './source.ts'
import { type Call, type Operand, parseBareOperand, parseOperand } from './syntax.ts'
import { Tokens } from './tokens.ts'

export type Comparator = '=' | '<>' | '<' | '<=' | '>' | '>='

export type Test =
  | { readonly kind: 'comparison'; readonly operator: Comparator; readonly args: readonly Operand[] }
  | { readonly kind: 'between'; readonly args: readonly Operand[] }
  | { readonly kind: 'in'; readonly args: readonly Operand[] }
  | Call

export type Condition =
  | Test
  | { readonly kind: 'and' | 'or'; readonly conditions: readonly Condition[] }
  | { readonly kind: 'not'; readonly condition: Condition }

/** An expression in parentheses may turn out to be an operand. */
type Node = Condition | Operand

const COMPARATORS: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>='])

/** Throws ItemError for a text that is not a condition. */
export function parseConditionSyntax(source: Source): Condition {
  const tokens = new Tokens(source)
  const node = parseOr(tokens)
  if (tokens.next.kind !== 'end') throw tokens.unexpected()
  const condition = asCondition(node, tokens)
  tokens.checkParentheses()
  return condition
}

const parseOr = (tokens: Tokens): Node => parseChain(tokens, 'OR', parseAnd)

const parseAnd = (tokens: Tokens): Node => parseChain(tokens, 'AND', parseNot)

function parseChain(tokens: Tokens, keyword: 'AND' | 'OR', parse: (tokens: Tokens) => Node): Node {
  const first = parse(tokens)
  if (!tokens.isKeyword(keyword)) return first
  const conditions = [asCondition(first, tokens)]
  while (tokens.takeKeyword(keyword)) {
    tokens.countOperator()
    conditions.push(asCondition(parse(tokens), tokens))
  }
  return { kind: keyword === 'AND' ? 'and' : 'or', conditions }
}

function parseNot(tokens: Tokens): Node {
  if (!tokens.takeKeyword('NOT')) return parseComparison(tokens)
  tokens.countOperator()
  return {
    kind: 'not',
    condition: asCondition(
      tokens.nested(() => parseNot(tokens)),
      tokens,
    ),
  }
}

function parseComparison(tokens: Tokens): Node {
  const left = parsePrimary(tokens)
  if (!isOperand(left)) return left
  const { kind, text } = tokens.next
  if (kind === 'symbol' && COMPARATORS.has(text)) {
    tokens.countOperator()
    tokens.take()
    return { kind: 'comparison', operator: text as Comparator, args: [left, parseOperand(tokens)] }
  }
  if (tokens.takeKeyword('BETWEEN')) {
    tokens.countOperator()
    const lower = parseOperand(tokens)
    if (!tokens.takeKeyword('AND')) throw tokens.unexpected()
    return { kind: 'between', args: [left, lower, parseOperand(tokens)] }
  }
  if (tokens.takeKeyword('IN')) {
    tokens.countOperator()
    return { kind: 'in', args: [left, ...parseList(tokens)] }
  }
  return left
}

function parseList(tokens: Tokens): Operand[] {
  tokens.expectSymbol('(')
  const args = [parseOperand(tokens)]
  while (tokens.takeSymbol(',')) args.push(parseOperand(tokens))
  tokens.expectSymbol(')')
  return args
}

function parsePrimary(tokens: Tokens): Node {
  if (!tokens.takeSymbol('(')) return parseBareOperand(tokens)
  const node = tokens.nested(() => parseOr(tokens))
  tokens.expectSymbol(')')
  return node
}

function isOperand(node: Node): node is Operand {
  return node.kind === 'path' || node.kind === 'value' || node.kind === 'call'
}

/** A path or a value alone is not a condition: the next token should have been an operator. */
function asCondition(node: Node, tokens: Tokens): Condition {
  if (node.kind === 'path' || node.kind === 'value') throw tokens.unexpected()
  return node
}
