/** The functions and mappings that the entries of the control log describe. */
import type { Change, ControlEntry } from '@weir/control'
import { type Catalogue, set } from './catalogue.ts'
import type { Entries, EntryKind } from './entries.ts'
import { fromModule, isKind } from './entry-checks.ts'
import type { Functions } from './functions.ts'
import { NOTED_DEFAULTS, OWN_RUNTIME } from './lambda-runtimes.ts'
import type { Mapping } from './mappings/mapping.ts'
import type { Mappings } from './mappings/mappings.ts'

export class ControlState {
  readonly #catalogue: Catalogue
  readonly #mappings = new Map<string, Mapping>()
  /**
   * Functions whose entry was written by an older version of Weir. A change replaces it with entries of the
   * other kinds.
   */
  readonly #modules = new Set<string>()
  #followers: { readonly functions: Functions; readonly mappings: Mappings } | undefined

  constructor(catalogue: Catalogue) {
    this.#catalogue = catalogue
  }

  readonly apply = ({ kind, id, state }: ControlEntry): void => {
    if (isKind(kind)) {
      this.#catalogue.apply(kind, id, state as Entries[EntryKind] | undefined)
      if (kind === 'latest') this.#modules.delete(id)
      this.#followers?.functions.changed(id.split(':')[0])
    } else if (kind === 'function') {
      this.#applyModule(id, state)
    } else {
      set(this.#mappings, id, state as Mapping | undefined)
      this.#followers?.mappings.apply(id, this.#mappings.get(id))
    }
  }

  #applyModule(id: string, state: unknown): void {
    if (this.#catalogue.get(id) !== undefined && !this.#modules.has(id)) return
    const latest = state === undefined ? undefined : fromModule(state, OWN_RUNTIME, NOTED_DEFAULTS)
    this.#catalogue.apply('latest', id, latest)
    if (state === undefined) this.#modules.delete(id)
    else this.#modules.add(id)
    this.#followers?.functions.changed(id)
  }

  /** Tells functions and mappings what there is now, and what changes from now on. */
  follow(functions: Functions, mappings: Mappings): void {
    this.#followers = { functions, mappings }
    for (const { latest } of this.#catalogue.all()) functions.changed(latest.name)
    for (const [id, mapping] of this.#mappings) mappings.apply(id, mapping)
  }

  mappingChanges(
    id: string,
    decide: (current: Mapping | undefined) => Mapping | undefined,
  ): readonly Change[] {
    const current = this.#mappings.get(id)
    const next = decide(current)
    if (next === current) return []
    return [{ kind: 'mapping', id, value: next }]
  }
}
