/** Parses the columns of SELECT, and nested queries. */
import type { Column, Node, NodeOf, Select } from './ast.ts'
import type { ExpressionParser } from './expression.ts'
import { isKeyword, type Tokens } from './tokens.ts'

/** A nested query without its place, and the nodes in it. */
export interface ParsedQuery {
  readonly query: Pick<NodeOf<'query'>, 'select' | 'from' | 'alias' | 'where'>
  readonly children: readonly Node[]
}

/** Parses SELECT … FROM path [AS alias] [WHERE …], up to the closing parenthesis. */
export function parseQuery(parser: ExpressionParser): ParsedQuery {
  const { tokens } = parser
  tokens.take()
  const select = parseSelect(parser)
  tokens.expectKeyword('FROM', 'after the columns of the nested SELECT')
  const from = parser.parsePath()
  const alias = tokens.takeKeyword('AS') ? tokens.expectWord('a name after AS').text : undefined
  const where = tokens.takeKeyword('WHERE') ? parser.parse() : undefined
  const children = [...nodesOf(select), from]
  if (where !== undefined) children.push(where)
  return { query: { select, from, alias, where }, children }
}

/** Parses what follows SELECT. */
export function parseSelect(parser: ExpressionParser): Select {
  if (isValueKeyword(parser.tokens)) {
    parser.tokens.take()
    return { kind: 'value', value: parser.parse() }
  }
  const columns: Column[] = []
  do columns.push(parseColumn(parser))
  while (parser.tokens.takeSymbol(','))
  return { kind: 'columns', columns }
}

export function nodesOf(select: Select): readonly Node[] {
  return select.kind === 'value' ? [select.value] : select.columns.map(({ value }) => value)
}

/** VALUE is also a common name of a field: it is one if an operator, a comma or the end of the clause follows. */
function isValueKeyword(tokens: Tokens): boolean {
  if (!tokens.isKeyword('VALUE')) return false
  const { second } = tokens
  if (second.kind === 'symbol' && second.text === '*') return endsClause(tokens.source, second.end)
  if (second.kind === 'symbol') return ['{', '[', '('].includes(second.text)
  if (second.kind !== 'word') return second.kind !== 'end'
  return !['AS', 'FROM', 'WHERE', 'AND', 'OR', 'IN'].some((word) => isKeyword(second, word))
}

/** VALUE * is the payload if nothing follows that could be multiplied. */
function endsClause(source: string, at: number): boolean {
  const rest = /\s*(?:FROM\b|WHERE\b|$)/iy
  rest.lastIndex = at
  return rest.test(source)
}

function parseColumn(parser: ExpressionParser): Column {
  const { tokens } = parser
  const value = parser.parse()
  if (value.kind === 'fields') return { value: value.object, path: undefined }
  if (!tokens.takeKeyword('AS')) return { value, path: defaultPath(value, tokens.source) }
  const path = [tokens.expectWord('a name after AS').text]
  while (tokens.takeSymbol('.')) path.push(tokens.expectWord('a name after "."').text)
  return { value, path }
}

/** A column without AS has the name of its field, or the text of its expression. */
function defaultPath(value: Node, source: string): readonly string[] | undefined {
  if (value.kind === 'star') return undefined
  if (value.kind === 'field' || value.kind === 'member' || value.kind === 'variable') return [value.name]
  return [source.slice(value.at, value.end)]
}
