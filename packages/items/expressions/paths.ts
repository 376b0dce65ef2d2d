/** Document paths: their names, the values that they lead to, and sets of paths that do not meet. */
import { type AttributeValue, attributeOf, type Item } from '../values/value.ts'
import type { Placeholders } from './placeholders.ts'
import { isReserved } from './reserved.ts'
import type { Source } from './source.ts'
import type { WrittenPath } from './syntax.ts'

/** Names of attributes and indices of lists. The first one is a name. */
export type Path = readonly (string | number)[]

/** Throws ItemError if a name of the path is a reserved word. */
export function checkReserved(path: WrittenPath, source: Source): void {
  for (const step of path)
    if (typeof step === 'string' && isReserved(step))
      throw source.refuse(`Attribute name is a reserved keyword; reserved keyword: ${step}`)
}

/** Replaces placeholders by names. Throws ItemError for one that is not defined. */
export function resolvePath(path: WrittenPath, placeholders: Placeholders, source: Source): Path {
  return path.map((step) => {
    if (typeof step === 'number' || !step.startsWith('#')) return step
    const name = placeholders.name(step)
    if (name === undefined)
      throw source.refuse(
        `An expression attribute name used in the document path is not defined; attribute name: ${step}`,
      )
    return name
  })
}

/** Throws ItemError for a value that is not defined. */
export function resolveValue(name: string, placeholders: Placeholders, source: Source): AttributeValue {
  const value = placeholders.value(name)
  if (value === undefined)
    throw source.refuse(
      `An expression attribute value used in expression is not defined; attribute value: ${name}`,
    )
  return value
}

export function valueAt(item: Item, path: Path): AttributeValue | undefined {
  let value = attributeOf(item, path[0] as string)
  for (let i = 1; i < path.length && value !== undefined; i++) value = memberAt(value, path[i])
  return value
}

export function memberAt(value: AttributeValue, step: string | number): AttributeValue | undefined {
  if (typeof step === 'string') return 'M' in value ? attributeOf(value.M, step) : undefined
  return 'L' in value ? value.L[step] : undefined
}

export function isSamePath(a: Path, b: Path): boolean {
  return a.length === b.length && a.every((step, i) => step === b[i])
}

/** Returns a path as DynamoDB's errors show it. */
export function printPath(path: Path): string {
  return `[${path.map((step) => (typeof step === 'number' ? `[${step}]` : step)).join(', ')}]`
}

/** A tree of paths. A node has either a leaf or branches, which are all names or all indices. */
export interface PathNode<T> {
  /** The first path that led here. */
  readonly first: Path
  readonly branches: Map<string | number, PathNode<T>>
  leaf?: T
}

/** Returns the tree of paths with their leaves. Throws ItemError if a path begins with another, or they conflict. */
export function pathTree<T>(paths: readonly (readonly [Path, T])[], source: Source): PathNode<T> {
  const root: PathNode<T> = { first: [], branches: new Map() }
  for (const [path, leaf] of paths) {
    let node = root
    path.forEach((step, i) => {
      if (node.leaf !== undefined) throw meeting('overlap', node.first, path, source)
      const [other] = node.branches.keys()
      if (other !== undefined && typeof other !== typeof step)
        throw meeting('conflict', node.first, path, source)
      let next = node.branches.get(step)
      if (next === undefined) {
        next = { first: path, branches: new Map() }
        node.branches.set(step, next)
      } else if (i === path.length - 1) throw meeting('overlap', next.first, path, source)
      node = next
    })
    node.leaf = leaf
  }
  return root
}

function meeting(verb: 'overlap' | 'conflict', one: Path, two: Path, source: Source): Error {
  return source.refuse(
    `Two document paths ${verb} with each other; must remove or rewrite one of these paths; path one: ${printPath(one)}, path two: ${printPath(two)}`,
  )
}
