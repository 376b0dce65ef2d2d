/** UpdateExpression. */
import { ItemError } from '../errors.ts'
import { type KeySchema, keyNames } from '../keys/schema.ts'
import { checkItemToUpdate } from '../values/size.ts'
import { copyOf, type Item } from '../values/value.ts'
import { Edit } from './edit.ts'
import { type Path, pathTree } from './paths.ts'
import type { Placeholders } from './placeholders.ts'
import { projectItem } from './projections.ts'
import { Source } from './source.ts'
import { checkForm, pathsOf, resolveActions } from './update-checks.ts'
import { parseUpdateSyntax } from './update-syntax.ts'

export interface Update {
  /** The paths that the update reads or writes. */
  readonly paths: readonly Path[]
  /** The names of the attributes that the update writes, or parts of which it writes. */
  readonly attributes: ReadonlySet<string>
  /**
   * Returns the item as it is after the update; undefined if there was none and the update only removes. Throws
   * ItemError for an item that the update does not fit.
   *
   * @param old undefined if there is no item
   * @param key the attributes that a new item begins with
   */
  apply(old: Item | undefined, key: Item): Item | undefined
  /** Returns what the written paths lead to in the old or new item, for UPDATED_OLD and UPDATED_NEW. */
  project(item: Item): Item
  /** Throws ItemError if the update writes an attribute of the key. */
  checkKey(schema: KeySchema): void
}

/** Throws ItemError for a text that is not such an expression. */
export function parseUpdate(text: string, placeholders: Placeholders): Update {
  const source = new Source('UpdateExpression', text)
  const syntax = parseUpdateSyntax(source)
  checkForm(syntax, source)
  const actions = resolveActions(syntax.actions, placeholders, source)
  const tree = pathTree(
    actions.map((action) => [action.path, action]),
    source,
  )
  const attributes = new Set(actions.map(({ path }) => path[0] as string))
  const onlyRemoves = actions.every(({ section }) => section === 'REMOVE' || section === 'DELETE')
  return {
    paths: actions.flatMap(pathsOf),
    attributes,
    apply(old, key) {
      if (old === undefined && onlyRemoves) return undefined
      const item = new Edit(old ?? copyOf(key)).apply(tree)
      checkItemToUpdate(item)
      return item
    },
    project: (item) => projectItem(item, tree),
    checkKey(schema) {
      const name = keyNames(schema).find((candidate) => attributes.has(candidate))
      if (name !== undefined)
        throw new ItemError(
          `One or more parameter values were invalid: Cannot update attribute ${name}. This attribute is part of the key`,
        )
    },
  }
}
