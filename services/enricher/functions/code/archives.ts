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

export function openArchives({
  catalogue,
  code,
  topic,
  control,
  graceMs = GRACE_MS,
  log,
}: ArchivesOptions): Resource<Archives> {
  /** When this replica first saw that nothing refers to an archive (ms since the epoch). */
  const unusedSince = new Map<string, number>()
  let sweeping: Promise<void> | undefined

  const kept = (id: string): StoredArchive | undefined => {
    const found = catalogue.archive(id)
    return found?.leaving ? undefined : found
  }

  async function sweep(): Promise<void> {
    const referred = catalogue.referred()
    for (const archive of [...catalogue.archives()]) {
      if (referred.has(archive.id)) unusedSince.delete(archive.id)
      else if (archive.leaving || Date.now() - since(archive) >= graceMs) await remove(archive)
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

  function since({ id }: StoredArchive): number {
    const found = unusedSince.get(id) ?? Date.now()
    unusedSince.set(id, found)
    return found
  }

  /**
   * First bars references to the archive, then removes its parts, then its entry. If the process ends in
   * between, the next sweep, here or elsewhere, continues.
   */
  async function remove(archive: StoredArchive): Promise<void> {
    const { id } = archive
    await control.write(() =>
      kept(id) === undefined || catalogue.referred().has(id)
        ? []
        : [{ kind: 'archive', id, value: { ...archive, leaving: true } }],
    )
    if (!catalogue.archive(id)?.leaving) return
    await topic.remove(archive)
    await control.write(() =>
      catalogue.archive(id) === undefined ? [] : [{ kind: 'archive', id, value: undefined }],
    )
    unusedSince.delete(id)
    log.info({ archive: id, bytes: archive.bytes }, 'an archive that no function uses any more was removed')
  }

  const timer = setInterval(
    () => {
      sweeping ??= sweep()
        .catch((error: Error) =>
          log.warn(
            { err: error },
            'archives that no function uses any more could not be removed; it is tried again',
          ),
        )
        .finally(() => {
          sweeping = undefined
        })
    },
    Math.min(LONGEST_SWEEP_MS, graceMs),
  ).unref()

  return {
    value: {
      accept: code.accept,
      isKept: ({ id }) => kept(id) !== undefined,
      async store({ sha256, bytes, file }) {
        const referred = catalogue.referred()
        for (const one of catalogue.archives())
          if (one.sha256 === sha256 && !one.leaving && referred.has(one.id))
            return { id: one.id, sha256, bytes }
        const archive = { id: `${sha256}-${randomBytes(4).toString('hex')}`, sha256, bytes }
        const entry: StoredArchive = { ...archive, offset: await topic.end(), storedAt: Date.now() }
        await control.announce({ kind: 'archive', id: archive.id, value: entry })
        await topic.write(archive, file)
        return archive
      },
      async *read({ id }) {
        const found = catalogue.archive(id)
        if (found === undefined) throw new Error(`The archive ${id} is gone.`)
        yield* topic.read(found)
      },
    },
    stop: async () => {
      clearInterval(timer)
      await sweeping
    },
  }
}
