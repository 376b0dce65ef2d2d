/** Remembers a named run, so that a second run with the same name sends exactly the same records. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { dataFolder } from '@weir/stack/paths.ts'
import { UsageError } from '../command.ts'

export interface Run {
  readonly id: string
  /** Milliseconds added to the file's times. */
  readonly shift: number
}

/**
 * The stored properties of a run. Another file, or another way to read it, would give other records the same
 * ids.
 */
export interface Remembered {
  readonly shift: number
  /** SHA-256 of the file, in hex. */
  readonly content: string
  /** The topic, the mapping and the reading of times, as one text. */
  readonly reading: string
}

/** Creates a fresh id: sortable, readable, unique among processes. */
export function freshRunId(now: Date): string {
  const stamp = now
    .toISOString()
    .replace(/[-:]|\.\d+/g, '')
    .toLowerCase()
  return `${stamp}-${Math.floor(Math.random() * 36 ** 4)
    .toString(36)
    .padStart(4, '0')}`
}

/** Returns the run with this name: as it was the first time, or with the given shift if it is new. */
export async function rememberRun(
  id: string,
  run: Remembered,
  folder = join(dataFolder(), 'replays'),
): Promise<Run> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id))
    throw new UsageError(
      `--run is "${id}"; it must be up to 100 letters, digits, dots, dashes and underscores.`,
    )
  const path = join(folder, `${id}.json`)
  const before = await recall(path)
  if (before) {
    if (before.content !== run.content)
      throw new UsageError(`Run ${id} sent another file; give this run a different name.`)
    if (before.reading !== run.reading) {
      const difference = 'with another topic, or with other columns, constants or times'
      throw new UsageError(
        `Run ${id} read this file differently, ${difference}. Repeat its options, or give this run a different name.`,
      )
    }
    return { id, shift: before.shift }
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(path, JSON.stringify(run))
  return { id, shift: run.shift }
}

async function recall(path: string): Promise<Remembered | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Remembered
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new UsageError(
      `The stored state of this run cannot be read (${(error as Error).message}); give the run another name, or remove ${path}.`,
    )
  }
}
