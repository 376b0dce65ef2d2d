/** What the entries of the control log add up to: functions, mappings and the states of windows. */
import type { Change, ControlEntry } from '@weir/control'
import { type Catalogue, set } from './catalogue.ts'
import type { Entries, EntryKind } from './entries.ts'
import { fromModule, isKind } from './entry-checks.ts'
import type { Functions } from './functions.ts'
import { NOTED_DEFAULTS, OWN_RUNTIME } from './lambda-runtimes.ts'
import type { Mapping } from './mappings/mapping.ts'
import type { Mappings } from './mappings/mappings.ts'
import type { WindowState } from './mappings/windows/tumbling-windows.ts'

export class ControlState {
  readonly #catalogue: Catalogue
  readonly #mappings = new Map<string, Mapping>()
  readonly #windows = new Map<string, WindowState>()
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
    } else if (kind === 'mapping') {
      set(this.#mappings, id, state as Mapping | undefined)
      this.#followers?.mappings.apply(id, this.#mappings.get(id))
    } else this.setWindow(id, state as WindowState | undefined)
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

  /** @param id the mapping and the partition */
  window(id: string): WindowState | undefined {
    return this.#windows.get(id)
  }

  setWindow(id: string, state: WindowState | undefined): void {
    set(this.#windows, id, state)
  }

  /** A mapping that is removed takes the states of its windows along. */
  mappingChanges(
    id: string,
    decide: (current: Mapping | undefined) => Mapping | undefined,
  ): readonly Change[] {
    const current = this.#mappings.get(id)
    const next = decide(current)
    if (next === current) return []
    const change = { kind: 'mapping', id, value: next }
    if (next !== undefined) return [change]
    const states = [...this.#windows.keys()].filter((state) => state.startsWith(`${id}/`))
    return [change, ...states.map((state) => ({ kind: 'window', id: state, value: undefined }))]
  }
}
