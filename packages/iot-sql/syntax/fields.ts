/** Tells whether expressions read fields of the payload. */
import type { Node, Select } from './ast.ts'
import { nodesOf } from './query.ts'

/** Whether a SELECT reads a field of the payload. The payload as a whole does not count. */
export function readsPayload(select: Select): boolean {
  return nodesOf(select).some(readsField)
}

function readsField(node: Node): boolean {
  return node.kind === 'field' || childrenOf(node).some(readsField)
}

/** The nodes below a node. The columns of a nested query read its elements, and only its FROM reads the payload. */
export function childrenOf(node: Node): readonly Node[] {
  switch (node.kind) {
    case 'member':
    case 'fields':
      return [node.object]
    case 'call':
      return node.args
    case 'cast':
    case 'unary':
      return [node.operand]
    case 'exists':
      return [node.query]
    case 'binary':
      return [node.left, node.right]
    case 'case': {
      const otherwise = node.otherwise === undefined ? [] : [node.otherwise]
      return [node.subject, ...node.branches.flatMap(({ when, result }) => [when, result]), ...otherwise]
    }
    case 'object':
      return node.members.map(({ value }) => value)
    case 'array':
      return node.elements
    case 'query':
      return [node.from]
    default:
      return []
  }
}
