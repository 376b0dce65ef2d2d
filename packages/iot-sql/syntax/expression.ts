/**
 * Parses expressions by the precedence of their operators, as in standard SQL: OR, AND, NOT, comparisons and
 * IN, then + and -, then *, / and %. Operators of one level group from the left.
 */
import { parseNumber } from '../numbers/parse.ts'
import { keepsDecimals, type SqlVersion } from '../version.ts'
import type { BinaryOperator, Branch, Member, Node } from './ast.ts'
import type { Token } from './lexer.ts'
import { parseQuery } from './query.ts'
import { isKeyword, isReserved, type Tokens } from './tokens.ts'

/** Levels of parentheses, calls, literals and nested queries; bounds the recursion of the parser. */
export const MAX_NESTING = 64
/** Levels of the tree, chains of operators included; bounds the recursion of evaluation. */
export const MAX_DEPTH = 500

const PRECEDENCES = new Map<string, number>([
  ['OR', 1],
  ['AND', 2],
  ...['=', '<>', '<', '<=', '>', '>=', 'IN'].map((operator): [string, number] => [operator, 4]),
  ['+', 5],
  ['-', 5],
  ...['*', '/', '%'].map((operator): [string, number] => [operator, 6]),
])
const NOT_PRECEDENCE = 3
const MINUS_PRECEDENCE = 7

export class ExpressionParser {
  readonly tokens: Tokens
  readonly version: SqlVersion
  #nesting = 0

  constructor(tokens: Tokens, version: SqlVersion) {
    this.tokens = tokens
    this.version = version
  }

  parse(): Node {
    return this.#nested(() => this.#binary(1))
  }

  /** A name, a call or something in parentheses, with names after dots: what a nested FROM can have. */
  parsePath(): Node {
    return this.#nested(() => this.#postfix(this.#primary()))
  }

  #nested(parse: () => Node): Node {
    if (++this.#nesting > MAX_NESTING)
      throw this.tokens.failure(this.tokens.next.at, `The SQL nests more than ${MAX_NESTING} levels`)
    const node = parse()
    this.#nesting--
    return node
  }

  #binary(least: number): Node {
    let left = this.#prefix()
    for (;;) {
      const operator = operatorOf(this.tokens.next)
      const precedence = PRECEDENCES.get(operator) ?? 0
      if (precedence < least) return left
      this.tokens.take()
      const right = this.#binary(precedence + 1)
      left = this.#node(
        { kind: 'binary', operator: operator as BinaryOperator, left, right, at: left.at, end: right.end },
        [left, right],
      )
    }
  }

  #prefix(): Node {
    const { at } = this.tokens.next
    if (this.tokens.takeKeyword('NOT')) {
      const operand = this.#nested(() => this.#binary(NOT_PRECEDENCE))
      return this.#node({ kind: 'unary', operator: 'NOT', operand, at, end: operand.end }, [operand])
    }
    if (this.tokens.takeSymbol('-')) {
      if (this.tokens.next.kind === 'number') return this.#postfix(this.#number(at, '-'))
      const operand = this.#nested(() => this.#binary(MINUS_PRECEDENCE))
      return this.#node({ kind: 'unary', operator: '-', operand, at, end: operand.end }, [operand])
    }
    return this.#postfix(this.#primary())
  }

  #postfix(node: Node): Node {
    let result = node
    while (this.tokens.takeSymbol('.')) {
      if (this.tokens.isSymbol('*')) {
        const { end } = this.tokens.take()
        return this.#node({ kind: 'fields', object: result, at: node.at, end }, [result])
      }
      if (this.tokens.next.kind !== 'word')
        throw this.tokens.unexpected('a name after "." (for other names write get(object, "name"))')
      const { text, end } = this.tokens.take()
      result = this.#node({ kind: 'member', object: result, name: text, at: node.at, end }, [result])
    }
    if (this.tokens.isSymbol('['))
      throw this.tokens.failure(
        this.tokens.next.at,
        'Found "["',
        'but elements are read with get(array, index)',
      )
    return result
  }

  #primary(): Node {
    const token = this.tokens.next
    const { kind, text, at, end } = token
    if (kind === 'number') return this.#number(at, '')
    if (kind === 'string') return this.#literal(text)
    if (kind === 'variable') {
      this.tokens.take()
      return this.#node({ kind: 'variable', name: text.slice(1), at, end }, [])
    }
    if (kind === 'symbol') return this.#symbol(token)
    if (kind === 'word') return this.#word(token)
    throw this.tokens.unexpected('an expression')
  }

  #symbol({ text, at, end }: Token): Node {
    if (text === '*') {
      this.tokens.take()
      return this.#node({ kind: 'star', at, end }, [])
    }
    if (text === '(') {
      this.tokens.take()
      if (this.tokens.isKeyword('SELECT')) return this.#query(at)
      const inner = this.parse()
      const close = this.tokens.expectSymbol(')', 'after the expression')
      return { ...inner, at, end: close.end }
    }
    if (text !== '{' && text !== '[') throw this.tokens.unexpected('an expression')
    this.#needsNewVersion(at, text === '{' ? 'An object literal' : 'An array literal')
    this.tokens.take()
    return text === '{' ? this.#object(at) : this.#array(at)
  }

  #word(token: Token): Node {
    const { text, at, end } = token
    const upper = text.toUpperCase()
    if (upper === 'TRUE' || upper === 'FALSE') return this.#literal(upper === 'TRUE')
    if (upper === 'NULL') return this.#literal(null)
    if (upper === 'CASE') return this.#case(at)
    if (upper === 'EXISTS') return this.#exists(at)
    if (isReserved(token)) throw this.tokens.unexpected('an expression')
    this.tokens.take()
    if (this.tokens.isSymbol('(')) return this.#call(text, at)
    return this.#node({ kind: 'field', name: text, at, end }, [])
  }

  #literal(value: null | boolean | string): Node {
    const { at, end } = this.tokens.take()
    return this.#node({ kind: 'literal', value, at, end }, [])
  }

  #number(at: number, sign: string): Node {
    const { text, end } = this.tokens.take()
    const value = parseNumber(sign + text, keepsDecimals(this.version))
    if (value === undefined) throw this.tokens.failure(at, 'Found a number beyond 9.99E999')
    return this.#node({ kind: 'literal', value, at, end }, [])
  }

  #call(name: string, at: number): Node {
    this.tokens.take()
    if (name.toUpperCase() === 'CAST') {
      const operand = this.parse()
      this.tokens.expectKeyword('AS', 'after the value of cast')
      const type = this.tokens.expectWord('the name of a type').text
      const { end } = this.tokens.expectSymbol(')', 'after the type')
      return this.#node({ kind: 'cast', operand, type, at, end }, [operand])
    }
    const args = this.#list(')', () => this.parse(), `after the arguments of ${name}`)
    return this.#node({ kind: 'call', name, args: args.items, at, end: args.end }, args.items)
  }

  #array(at: number): Node {
    const { items, end } = this.#list(']', () => this.parse(), 'after the elements of the array')
    return this.#node({ kind: 'array', elements: items, at, end }, items)
  }

  #object(at: number): Node {
    const member = (): Member => {
      if (this.tokens.next.kind !== 'string') throw this.tokens.unexpected('the name of a member, in quotes')
      const name = this.tokens.take().text
      this.tokens.expectSymbol(':', 'after the name of the member')
      return { name, value: this.parse() }
    }
    const { items, end } = this.#list('}', member, 'after the members of the object')
    const values = items.map(({ value }) => value)
    return this.#node({ kind: 'object', members: items, at, end }, values)
  }

  #list<Item>(
    close: string,
    parse: () => Item,
    where: string,
  ): { readonly items: Item[]; readonly end: number } {
    const items: Item[] = []
    if (this.tokens.isSymbol(close)) return { items, end: this.tokens.take().end }
    do items.push(parse())
    while (this.tokens.takeSymbol(','))
    return { items, end: this.tokens.expectSymbol(close, where).end }
  }

  #case(at: number): Node {
    this.tokens.take()
    if (this.tokens.isKeyword('WHEN')) throw this.tokens.unexpected('the value to compare after CASE')
    const subject = this.parse()
    const branches: Branch[] = []
    while (this.tokens.takeKeyword('WHEN')) {
      const when = this.parse()
      this.tokens.expectKeyword('THEN', 'after the value of WHEN')
      branches.push({ when, result: this.parse() })
    }
    if (branches.length === 0) throw this.tokens.unexpected('WHEN')
    const otherwise = this.tokens.takeKeyword('ELSE') ? this.parse() : undefined
    const { end } = this.tokens.next
    this.tokens.expectKeyword('END', 'after the branches of CASE')
    const children = [subject, ...branches.flatMap(({ when, result }) => [when, result])]
    if (otherwise !== undefined) children.push(otherwise)
    return this.#node({ kind: 'case', subject, branches, otherwise, at, end }, children)
  }

  #exists(at: number): Node {
    this.tokens.take()
    const open = this.tokens.expectSymbol('(', 'after EXISTS')
    if (!this.tokens.isKeyword('SELECT')) throw this.tokens.unexpected('SELECT')
    const query = this.#query(open.at)
    return this.#node({ kind: 'exists', query, at, end: query.end }, [query])
  }

  #query(at: number): Node {
    this.#needsNewVersion(at, 'A nested SELECT')
    return this.#nested(() => {
      const { query, children } = parseQuery(this)
      const { end } = this.tokens.expectSymbol(')', 'after the nested SELECT')
      return this.#node({ kind: 'query', ...query, at, end }, children)
    })
  }

  #needsNewVersion(at: number, what: string): void {
    if (this.version === '2015-10-08') throw this.tokens.failure(at, what, 'needs SQL version 2016-03-23')
  }

  #node(node: DistributiveOmit<Node, 'depth'>, children: readonly Node[]): Node {
    let depth = 1
    for (const child of children) depth = Math.max(depth, child.depth + 1)
    if (depth > MAX_DEPTH)
      throw this.tokens.failure(node.at, `The expression has more than ${MAX_DEPTH} levels of operators`)
    return { ...node, depth }
  }
}

type DistributiveOmit<Type, Name extends string> = Type extends unknown ? Omit<Type, Name> : never

function operatorOf(token: Token): string {
  if (token.kind === 'symbol') return token.text
  if (isKeyword(token, 'AND') || isKeyword(token, 'OR') || isKeyword(token, 'IN'))
    return token.text.toUpperCase()
  return ''
}
