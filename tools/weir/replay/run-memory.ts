/** What is remembered of a named run, so that a second run of the same name sends the very same records. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UsageError } from '../command.ts'
import { dataFolder } from '../../stack/paths.ts'

export interface Run {
  readonly id: string
  /** Milliseconds added to the file's times. */
  readonly shift: number
}

interface Remembered {
  readonly shift: number
  /** Bytes of the file: another file under the same name would give other records the same ids. */
  readonly size: number
  readonly keepTimes: boolean
}

/** A fresh id: sortable, readable, unique among processes. */
export function freshRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '').toLowerCase()
  return `${stamp}-${Math.floor(Math.random() * 36 ** 4).toString(36).padStart(4, '0')}`
}

/** The run of that name: as it was the first time, else with the shift given. */
export async function rememberRun(id: string, run: Remembered, folder = join(dataFolder(), 'replays')): Promise<Run> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(id)) throw new UsageError(`--run is "${id}"; it must be up to 100 letters, digits, dots, dashes and underscores.`)
  const path = join(folder, `${id}.json`)
  const before = await readFile(path, 'utf8').then((text) => JSON.parse(text) as Remembered, () => undefined)
  if (before) {
    if (before.size !== run.size || before.keepTimes !== run.keepTimes) throw new UsageError(`Run ${id} sent another file or kept other times; give this one a name of its own.`)
    return { id, shift: before.shift }
  }
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await writeFile(path, JSON.stringify(run))
  return { id, shift: run.shift }
}
