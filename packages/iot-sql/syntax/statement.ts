/** Parses the statement of a rule: [SET …] SELECT … [FROM 'filter'] [WHERE …]. */
import type { SqlVersion } from '../version.ts'
import type { Statement, Variable } from './ast.ts'
import { ExpressionParser } from './expression.ts'
import { failure } from './lexer.ts'
import { parseSelect } from './query.ts'
import { Tokens } from './tokens.ts'

/** UTF-16 code units of a rule's SQL. AWS allows 256 KB for the whole rule. */
export const MAX_SQL_LENGTH = 65_536
/** Variables of SET; AWS has the same limit. */
export const MAX_VARIABLES = 10
/** Characters of a variable's name, from the guide's page on SET. */
export const MAX_VARIABLE_LENGTH = 64

/** @throws SqlError */
export function parseStatement(sql: string, version: SqlVersion): Statement {
  if (sql.length > MAX_SQL_LENGTH)
    throw failure(sql, MAX_SQL_LENGTH, `The SQL has more than ${MAX_SQL_LENGTH} characters`)
  const tokens = new Tokens(sql)
  const parser = new ExpressionParser(tokens, version)
  const variables = parseVariables(parser)
  tokens.expectKeyword('SELECT', variables.length === 0 ? 'at the beginning' : 'after the variables')
  const select = parseSelect(parser)
  let from: string | undefined
  let fromAt = sql.length
  if (tokens.takeKeyword('FROM')) {
    if (tokens.next.kind !== 'string') throw tokens.unexpected('a topic filter in quotes after FROM')
    fromAt = tokens.next.at
    from = tokens.take().text
  }
  const where = tokens.takeKeyword('WHERE') ? parser.parse() : undefined
  if (tokens.next.kind !== 'end') {
    const parts = where !== undefined ? [] : from !== undefined ? ['WHERE'] : ['",", AS, FROM, WHERE']
    throw tokens.unexpected([...parts, 'the end of the SQL'].join(' or '))
  }
  return { variables, select, from, fromAt, where }
}

function parseVariables(parser: ExpressionParser): readonly Variable[] {
  const { tokens, version } = parser
  const { at } = tokens.next
  if (!tokens.takeKeyword('SET')) return []
  if (version === '2015-10-08') throw tokens.failure(at, 'SET', 'needs SQL version 2016-03-23')
  const variables: Variable[] = []
  do {
    const token = tokens.next
    if (token.kind !== 'variable') throw tokens.unexpected('a variable such as @name')
    const name = tokens.take().text.slice(1)
    if (name.length > MAX_VARIABLE_LENGTH)
      throw tokens.failure(token.at, `The name of a variable has more than ${MAX_VARIABLE_LENGTH} characters`)
    if (variables.some((variable) => variable.name === name))
      throw tokens.failure(token.at, `The variable @${name} is set a second time`)
    if (variables.length === MAX_VARIABLES)
      throw tokens.failure(token.at, `SET has more than ${MAX_VARIABLES} variables`)
    tokens.expectSymbol('=', 'after the variable')
    variables.push({ name, value: parser.parse() })
  } while (tokens.takeSymbol(','))
  return variables
}
