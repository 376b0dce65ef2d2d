/** Keeps archives from their upload until no function refers to them any more. */
import { hash, randomBytes } from 'node:crypto'
import type { ControlLog } from '@weir/control'
import type { Logger, Resource } from '@weir/service'
import type { Catalogue } from '../catalogue.ts'
import type { Archive, StoredArchive } from './archive.ts'
import type { CodeStore, Upload } from './code-store.ts'
import type { CodeTopic } from './code-topic.ts'

export interface Archives extends Pick<CodeStore, 'accept'> {
  /** Stores the upload, unless an archive of the same bytes is in use: then returns that one. */
  store(upload: Upload): Promise<Archive>
  /** Whether functions may refer to it. Must be called while such a change is decided. */
  isKept(archive: Archive): boolean
  /** Reads the archive's bytes; throws if they are gone. */
  read(archive: Archive): AsyncGenerator<Buffer>
}

export interface ArchivesOptions {
  readonly catalogue: Catalogue
  readonly code: CodeStore
  readonly topic: CodeTopic
  readonly control: Pick<ControlLog, 'announce' | 'write'>
  /**
   * Defaults to 20 minutes: longer than an invocation may take, and longer than a location of code is valid.
   */
  readonly graceMs?: number
  readonly log: Logger
}

const GRACE_MS = 20 * 60_000
const LONGEST_SWEEP_MS = 60_000

export function openArchives(options: ArchivesOptions): Resource<Archives> {
  const { code, topic, catalogue, graceMs = GRACE_MS } = options
  const sweeper = new Sweeper(options, graceMs)
  const timer = setInterval(() => sweeper.begin(), Math.min(LONGEST_SWEEP_MS, graceMs)).unref()
  return {
    value: {
      accept: (source, maxBytes) => code.accept(source, maxBytes),
      isKept: ({ id }) => isKept(catalogue, id),
      store: (upload) => storeArchive(upload, options),
      async *read({ id }) {
        const found = catalogue.archive(id)
        if (found === undefined) throw new Error(`The archive ${id} no longer exists.`)
        yield* topic.read(found)
      },
    },
    stop: async () => {
      clearInterval(timer)
      await sweeper.done
    },
  }
}

async function storeArchive(
  { sha256, bytes, file }: Upload,
  { catalogue, control, topic }: ArchivesOptions,
): Promise<Archive> {
  const referred = catalogue.referred()
  for (const one of catalogue.archives())
    if (one.sha256 === sha256 && !one.leaving && referred.has(one.id)) return { id: one.id, sha256, bytes }
  const archive = { id: `${sha256}-${randomBytes(4).toString('hex')}`, sha256, bytes }
  const entry: StoredArchive = { ...archive, offset: await topic.end(), storedAt: Date.now() }
  await control.announce({ kind: 'archive', id: archive.id, value: entry })
  await topic.write(archive, file)
  return archive
}

function isKept(catalogue: Catalogue, id: string): boolean {
  const found = catalogue.archive(id)
  return found !== undefined && !found.leaving
}

/** Removes archives that no function has referred to for some time. */
class Sweeper {
  readonly #options: ArchivesOptions
  readonly #graceMs: number
  /** When this replica first saw that nothing refers to an archive (ms since the epoch). */
  readonly #unusedSince = new Map<string, number>()
  #sweeping: Promise<void> | undefined

  constructor(options: ArchivesOptions, graceMs: number) {
    this.#options = options
    this.#graceMs = graceMs
  }

  /** Resolves when no sweep is in progress. */
  get done(): Promise<void> | undefined {
    return this.#sweeping
  }

  /** Begins a sweep unless one is in progress. */
  begin(): void {
    this.#sweeping ??= this.#sweep()
      .catch((error: Error) =>
        this.#options.log.warn({ err: error }, 'unused archives could not be removed; this is retried'),
      )
      .finally(() => {
        this.#sweeping = undefined
      })
  }

  async #sweep(): Promise<void> {
    const { catalogue, code } = this.#options
    const referred = catalogue.referred()
    for (const archive of [...catalogue.archives()]) {
      if (referred.has(archive.id)) this.#unusedSince.delete(archive.id)
      else if (archive.leaving || Date.now() - this.#since(archive) >= this.#graceMs)
        await this.#remove(archive)
    }
    const modules = catalogue
      .all()
      .flatMap(({ latest, versions }) => [latest, ...versions.values()])
      .flatMap(({ module }) => module ?? [])
    await code.keepOnly(
      new Set([
        ...[...catalogue.archives()].map(({ sha256 }) => sha256),
        ...modules.map((module) => hash('sha256', `${module.file}\n${module.code}`)),
      ]),
    )
  }

  #since({ id }: StoredArchive): number {
    const found = this.#unusedSince.get(id) ?? Date.now()
    this.#unusedSince.set(id, found)
    return found
  }

  /**
   * First bars references to the archive, then removes its parts, then its entry. If the process ends in
   * between, the next sweep, here or elsewhere, continues.
   */
  async #remove(archive: StoredArchive): Promise<void> {
    const { catalogue, control, topic, log } = this.#options
    const { id } = archive
    await control.write(() =>
      !isKept(catalogue, id) || catalogue.referred().has(id)
        ? []
        : [{ kind: 'archive', id, value: { ...archive, leaving: true } }],
    )
    if (!catalogue.archive(id)?.leaving) return
    await topic.remove(archive)
    await control.write(() =>
      catalogue.archive(id) === undefined ? [] : [{ kind: 'archive', id, value: undefined }],
    )
    this.#unusedSince.delete(id)
    log.info({ archive: id, bytes: archive.bytes }, 'an unused archive was removed')
  }
}
