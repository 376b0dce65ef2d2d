/** SQL as a tree. Every node knows where it is in the source, for errors, names of columns and explanations. */
import type { Numeric } from '../numbers/decimal.ts'

interface Place {
  readonly at: number
  readonly end: number
  /** Levels of the tree below and including this node. */
  readonly depth: number
}

export type BinaryOperator =
  | 'OR'
  | 'AND'
  | '='
  | '<>'
  | '<'
  | '<='
  | '>'
  | '>='
  | 'IN'
  | '+'
  | '-'
  | '*'
  | '/'
  | '%'

export type Node = Place &
  (
    | { readonly kind: 'literal'; readonly value: null | boolean | Numeric | string }
    | { readonly kind: 'field'; readonly name: string }
    | { readonly kind: 'member'; readonly object: Node; readonly name: string }
    | { readonly kind: 'star' }
    /** All fields of an object, such as state.reported.*; only a column can be that. */
    | { readonly kind: 'fields'; readonly object: Node }
    | { readonly kind: 'variable'; readonly name: string }
    | { readonly kind: 'call'; readonly name: string; readonly args: readonly Node[] }
    | { readonly kind: 'cast'; readonly operand: Node; readonly type: string }
    | { readonly kind: 'unary'; readonly operator: 'NOT' | '-'; readonly operand: Node }
    | { readonly kind: 'exists'; readonly query: Node }
    | {
        readonly kind: 'binary'
        readonly operator: BinaryOperator
        readonly left: Node
        readonly right: Node
      }
    | {
        readonly kind: 'case'
        readonly subject: Node
        readonly branches: readonly Branch[]
        readonly otherwise?: Node
      }
    | { readonly kind: 'object'; readonly members: readonly Member[] }
    | { readonly kind: 'array'; readonly elements: readonly Node[] }
    | {
        readonly kind: 'query'
        readonly select: Select
        readonly from: Node
        readonly alias?: string
        readonly where?: Node
      }
  )

export type NodeOf<Kind extends Node['kind']> = Extract<Node, { kind: Kind }>

export interface Branch {
  readonly when: Node
  readonly result: Node
}

export interface Member {
  readonly name: string
  readonly value: Node
}

/** The columns of SELECT, or the one expression of SELECT VALUE. */
export type Select =
  | { readonly kind: 'columns'; readonly columns: readonly Column[] }
  | { readonly kind: 'value'; readonly value: Node }

/** The star without an alias, and all fields of an object, have no path: they stand for several columns. */
export interface Column {
  readonly value: Node
  /** Names of nested objects: AS a.b is { "a": { "b": … } }. */
  readonly path: readonly string[] | undefined
}

export interface Variable {
  readonly name: string
  readonly value: Node
}

export interface Statement {
  readonly variables: readonly Variable[]
  readonly select: Select
  /** Undefined for a rule that only Basic Ingest invokes. */
  readonly from: string | undefined
  readonly fromAt: number
  readonly where: Node | undefined
}
