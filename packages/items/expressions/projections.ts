/** ProjectionExpression, and the parts of an item that some paths lead to. */
import { type AttributeValue, emptyItem, type Item } from '../values/value.ts'
import { checkReserved, memberAt, type Path, type PathNode, pathTree, resolvePath } from './paths.ts'
import type { Placeholders } from './placeholders.ts'
import { Source } from './source.ts'
import { parsePath, type WrittenPath } from './syntax.ts'
import { Tokens } from './tokens.ts'

export interface Projection {
  readonly paths: readonly Path[]
  /** Returns what the paths lead to, inside its maps and lists. The lists have no gaps. */
  project(item: Item): Item
}

/** Throws ItemError for a text that is not such an expression. */
export function parseProjection(text: string, placeholders: Placeholders): Projection {
  const source = new Source('ProjectionExpression', text)
  const written = parsePaths(new Tokens(source))
  for (const path of written) checkReserved(path, source)
  const paths = written.map((path) => resolvePath(path, placeholders, source))
  const tree = pathTree(
    paths.map((path) => [path, true]),
    source,
  )
  return { paths, project: (item) => projectItem(item, tree) }
}

function parsePaths(tokens: Tokens): WrittenPath[] {
  const paths = [parsePath(tokens)]
  while (tokens.takeSymbol(',')) paths.push(parsePath(tokens))
  if (tokens.next.kind !== 'end') throw tokens.unexpected()
  return paths
}

/** Returns the parts of an item that the leaves of a tree lead to. */
export function projectItem(item: Item, tree: PathNode<unknown>): Item {
  const part = projectMap(item, tree)
  return part ?? emptyItem()
}

function projectValue(
  value: AttributeValue | undefined,
  node: PathNode<unknown>,
): AttributeValue | undefined {
  if (value === undefined || node.leaf !== undefined) return value
  if ('M' in value) {
    const map = projectMap(value.M, node)
    return map && { M: map }
  }
  if (!('L' in value)) return undefined
  const members = [...node.branches]
    .filter((branch): branch is [number, PathNode<unknown>] => typeof branch[0] === 'number')
    .sort(([a], [b]) => a - b)
    .map(([index, branch]) => projectValue(value.L[index], branch))
    .filter((member) => member !== undefined)
  return members.length === 0 ? undefined : { L: members }
}

function projectMap(map: Item, node: PathNode<unknown>): Item | undefined {
  const result = emptyItem()
  let found = false
  for (const [name, branch] of node.branches) {
    const value = projectValue(memberAt({ M: map }, name), branch)
    if (value === undefined) continue
    result[name] = value
    found = true
  }
  return found ? result : undefined
}
