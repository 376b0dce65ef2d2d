/** The deployed functions of the control log, by name, with their versions and aliases. */
import type { StoredArchive } from './code/archive.ts'
import {
  type Alias,
  type Entries,
  type EntryKind,
  type EventConfig,
  type FunctionVersion,
  LATEST,
  type LatestVersion,
} from './entries.ts'

export interface DeployedFunction {
  readonly latest: LatestVersion
  /** Versions by number, in ascending order. */
  readonly versions: ReadonlyMap<string, FunctionVersion>
  readonly aliases: ReadonlyMap<string, Alias>
  /** Settings of asynchronous invocations, by qualifier. */
  readonly events: ReadonlyMap<string, EventConfig>
}

export interface Catalogue {
  get(name: string): DeployedFunction | undefined
  /** All functions, sorted by name. */
  all(): readonly DeployedFunction[]
  archive(id: string): StoredArchive | undefined
  archives(): Iterable<StoredArchive>
  /** The ids of the archives that a function or a version refers to. */
  referred(): ReadonlySet<string>
  /**
   * Bytes of the archives of all functions and versions. An archive counts once for each use, as in Lambda's
   * code storage.
   */
  codeBytes(): number
  /** Adds or replaces an entry; undefined removes it. */
  apply<K extends EntryKind>(kind: K, id: string, entry: Entries[K] | undefined): void
}

interface Known {
  latest?: LatestVersion
  versions: Map<string, FunctionVersion>
  aliases: Map<string, Alias>
  events: Map<string, EventConfig>
}

export function openCatalogue(): Catalogue {
  const functions = new Map<string, Known>()
  const archives = new Map<string, StoredArchive>()

  /**
   * Versions may come before their function: a compacted log keeps entries in the order of their last change.
   */
  const known = (name: string): Known => {
    const found = functions.get(name) ?? { versions: new Map(), aliases: new Map(), events: new Map() }
    functions.set(name, found)
    return found
  }
  const apply = (kind: EntryKind, id: string, entry: Entries[EntryKind] | undefined): void => {
    if (kind === 'archive') return set(archives, id, entry as StoredArchive | undefined)
    const [name, rest] = id.split(':')
    const one = known(name)
    if (kind === 'latest') one.latest = entry as LatestVersion | undefined
    else if (kind === 'version') {
      set(one.versions, rest, entry as FunctionVersion | undefined)
      one.versions = new Map([...one.versions].sort(([a], [b]) => Number(a) - Number(b)))
    } else set<unknown>(kind === 'alias' ? one.aliases : one.events, rest, entry)
    if (one.latest === undefined && one.versions.size + one.aliases.size + one.events.size === 0)
      functions.delete(name)
  }
  const all = (): DeployedFunction[] =>
    [...functions.values()]
      .filter((one): one is Known & DeployedFunction => one.latest !== undefined)
      .sort((a, b) => (a.latest.name < b.latest.name ? -1 : 1))
  const versions = (): FunctionVersion[] =>
    all().flatMap(({ latest, versions: published }) => [latest, ...published.values()])

  return {
    get: (name) => {
      const found = functions.get(name)
      return found?.latest === undefined ? undefined : (found as DeployedFunction)
    },
    all,
    archive: (id) => archives.get(id),
    archives: () => archives.values(),
    referred: () => new Set(versions().flatMap(({ archive }) => archive?.id ?? [])),
    codeBytes: () =>
      versions().reduce((sum, { archive, module }) => sum + (archive?.bytes ?? module!.code.length), 0),
    apply,
  }
}

/** Returns the version that the qualifier names: for an alias, the one without a weight. */
export function versionOf(
  { latest, versions, aliases }: DeployedFunction,
  qualifier: string = LATEST,
): FunctionVersion | undefined {
  const version = aliases.get(qualifier)?.version ?? qualifier
  return version === LATEST ? latest : versions.get(version)
}

/** Returns the version to which an invocation of the qualifier goes, or undefined if it does not exist. */
export function versionToInvoke(
  deployed: DeployedFunction,
  qualifier: string = LATEST,
  random: () => number = Math.random,
): FunctionVersion | undefined {
  const [[other, weight] = ['', 0]] = Object.entries(deployed.aliases.get(qualifier)?.weights ?? {})
  return versionOf(deployed, weight > 0 && random() < weight ? other : qualifier)
}

/** Sets the value of a key; undefined removes the key. */
export function set<T>(map: Map<string, T>, id: string, value: T | undefined): void {
  if (value === undefined) map.delete(id)
  else map.set(id, value)
}
