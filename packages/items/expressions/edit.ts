/** Applies the actions of an update to an item. All of them see the item as it was before. */
import { ItemError } from '../errors.ts'
import { latin1 } from '../values/compare.ts'
import { add, subtract } from '../values/number.ts'
import { checkLevels, MAX_ITEM_BYTES, sizeOfValue, tooLargeToUpdate } from '../values/size.ts'
import { type AttributeValue, attributeOf, copyOf, type Item, typeOf } from '../values/value.ts'
import { type PathNode, valueAt } from './paths.ts'
import type { Action, NumberOrSet, Term } from './update-checks.ts'

type Node = PathNode<Action>

export class Edit {
  readonly #old: Item
  /** The bytes of the values that were set. Without a bound, copies of one list could fill the memory. */
  #bytes = 0

  constructor(old: Item) {
    this.#old = old
  }

  /** Returns the new item; the old one stays as it is. Throws ItemError for an item that the actions do not fit. */
  apply(tree: Node): Item {
    return this.#editMap(this.#old, tree)
  }

  #editMap(map: Item, node: Node): Item {
    const edited = copyOf(map)
    for (const [name, branch] of node.branches as Map<string, Node>) {
      const value = this.#edit(attributeOf(map, name), branch)
      if (value === undefined) delete edited[name]
      else edited[name] = value
    }
    return edited
  }

  /** Indices are those before the update. Members beyond the end are appended in the order of their indices. */
  #editList(list: readonly AttributeValue[], node: Node): AttributeValue[] {
    const edited: (AttributeValue | undefined)[] = [...list]
    const branches = [...(node.branches as Map<number, Node>)].sort(([a], [b]) => a - b)
    for (const [index, branch] of branches) {
      const value = this.#edit(list[index], branch)
      if (index < list.length) edited[index] = value
      else edited.push(value)
    }
    return edited.filter((value) => value !== undefined)
  }

  /** Returns undefined if the attribute or member does not exist afterwards. */
  #edit(value: AttributeValue | undefined, node: Node): AttributeValue | undefined {
    if (node.leaf !== undefined) return this.#perform(node.leaf, value)
    const [step] = node.branches.keys()
    if (value !== undefined && 'M' in value && typeof step === 'string')
      return { M: this.#editMap(value.M, node) }
    if (value !== undefined && 'L' in value && typeof step === 'number')
      return { L: this.#editList(value.L, node) }
    throw new ItemError('The document path provided in the update expression is invalid for update')
  }

  #perform(action: Action, value: AttributeValue | undefined): AttributeValue | undefined {
    switch (action.section) {
      case 'SET':
        return this.#set(action.term, action.path.length)
      case 'REMOVE':
        return undefined
      case 'ADD':
        return added(value, action.value)
      case 'DELETE':
        return value && without(value, action.value)
    }
  }

  #set(term: Term, level: number): AttributeValue {
    const value = this.#evaluate(term)
    this.#bytes += sizeOfValue(value)
    if (this.#bytes > MAX_ITEM_BYTES) throw tooLargeToUpdate()
    checkLevels(value, level)
    return value
  }

  #evaluate(term: Term): AttributeValue {
    switch (term.kind) {
      case 'value':
        return term.value
      case 'path':
        return valueAt(this.#old, term.path) ?? missing()
      case 'if_not_exists':
        return valueAt(this.#old, term.path) ?? this.#evaluate(term.otherwise)
      case 'list_append': {
        const [a, b] = term.args.map((arg) => this.#evaluate(arg))
        if (!('L' in a && 'L' in b)) throw wrongType()
        return { L: [...a.L, ...b.L] }
      }
      default: {
        const [a, b] = term.args.map((arg) => this.#evaluate(arg))
        if (!('N' in a && 'N' in b)) throw wrongType()
        return { N: term.kind === '+' ? add(a.N, b.N) : subtract(a.N, b.N) }
      }
    }
  }
}

function added(value: AttributeValue | undefined, more: NumberOrSet): AttributeValue {
  if (value === undefined) return more
  if ('N' in value && 'N' in more) return { N: add(value.N, more.N) }
  if ('SS' in value && 'SS' in more) return { SS: [...new Set([...value.SS, ...more.SS])] }
  if ('NS' in value && 'NS' in more) return { NS: [...new Set([...value.NS, ...more.NS])] }
  if ('BS' in value && 'BS' in more) {
    const there = new Set(value.BS.map(latin1))
    return { BS: [...value.BS, ...more.BS.filter((blob) => !there.has(latin1(blob)))] }
  }
  throw wrongType()
}

/** Returns undefined for the empty set, which cannot be stored. */
function without(value: AttributeValue, less: NumberOrSet): AttributeValue | undefined {
  if (typeOf(value) !== typeOf(less)) throw wrongType()
  if ('SS' in value && 'SS' in less) {
    const left = outside(value.SS, less.SS)
    return left.length === 0 ? undefined : { SS: left }
  }
  if ('NS' in value && 'NS' in less) {
    const left = outside(value.NS, less.NS)
    return left.length === 0 ? undefined : { NS: left }
  }
  if ('BS' in value && 'BS' in less) {
    const removed = new Set(less.BS.map(latin1))
    const left = value.BS.filter((blob) => !removed.has(latin1(blob)))
    return left.length === 0 ? undefined : { BS: left }
  }
  throw wrongType()
}

function outside(members: readonly string[], removed: readonly string[]): string[] {
  const set = new Set(removed)
  return members.filter((member) => !set.has(member))
}

function missing(): never {
  throw new ItemError('The provided expression refers to an attribute that does not exist in the item')
}

const wrongType = (): ItemError =>
  new ItemError('An operand in the update expression has an incorrect data type')
