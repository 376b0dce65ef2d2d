/** New files and changes to existing ones, collected first: if one is refused, nothing is written. */
import { existsSync, globSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { checkout } from '@weir/stack/paths.ts'
import { Refused } from '../command.ts'
import { replaced } from './name.ts'

const TEMPLATES = join(import.meta.dirname, 'templates')

/** Paths are relative to the checkout. */
export class Changes {
  readonly #created = new Map<string, string>()
  readonly #changed = new Map<string, string>()

  get created(): string[] {
    return [...this.#created.keys()]
  }

  get changed(): string[] {
    return [...this.#changed.keys()]
  }

  create(path: string, text: string): void {
    if (existsSync(join(checkout, path))) throw new Refused(`${path} exists already; choose another name.`)
    this.#created.set(path, text)
  }

  /** Refuses a folder that exists. */
  requireNew(folder: string): void {
    if (existsSync(join(checkout, folder)))
      throw new Refused(`${folder} exists already; choose another name.`)
  }

  /** Creates the files of a template in a folder, with the replacements in their paths and texts. */
  createFrom(template: string, folder: string, replacements: Readonly<Record<string, string>>): void {
    const root = join(TEMPLATES, template)
    const files = globSync('**/*', { cwd: root, exclude: (path) => path.startsWith('generated') })
    for (const file of files.filter((path) => statSync(join(root, path)).isFile()).sort())
      this.create(
        join(folder, replaced(file, replacements)),
        replaced(readFileSync(join(root, file), 'utf8'), replacements),
      )
  }

  change(path: string, edit: (text: string) => string): void {
    const before = this.#changed.get(path) ?? readFileSync(join(checkout, path), 'utf8')
    this.#changed.set(path, edit(before))
  }

  /** Inserts lines before the only place where the file has `anchor`. */
  insert(path: string, anchor: string, lines: string): void {
    this.change(path, (text) => {
      const parts = text.split(anchor)
      if (parts.length !== 2)
        throw new Refused(
          `${path} has ${JSON.stringify(anchor)} ${parts.length - 1} times, so the place for these lines is ambiguous; add them by hand first:\n${lines}`,
        )
      return `${parts[0]}${lines}${anchor}${parts[1]}`
    })
  }

  write(): void {
    for (const [path, text] of [...this.#created, ...this.#changed]) {
      mkdirSync(dirname(join(checkout, path)), { recursive: true })
      writeFileSync(join(checkout, path), text)
    }
  }
}

/** Reads a template of what goes into an existing file. */
export function row(file: string, replacements: Readonly<Record<string, string>>): string {
  return replaced(readFileSync(join(TEMPLATES, 'rows', file), 'utf8'), replacements)
}
