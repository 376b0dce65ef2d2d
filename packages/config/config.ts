/**
 * Configuration from the environment: every value is read by name, and all problems are listed at once,
 * before any socket opens. If NAME_FILE names a file, such as one of a mounted secret, the value of NAME is
 * the file's text.
 */
import { readFileSync } from 'node:fs'
import { withoutPasswords } from './secrets.ts'

export interface Setting {
  readonly name: string
  readonly doc: string
  /** The value if the variable is not set; undefined if it must be set. */
  readonly fallback: string | undefined
  readonly secret: boolean
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly problems: readonly string[]
  constructor(found: readonly string[]) {
    const problems = found.map(withoutPasswords)
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    )
    this.problems = problems
  }
}

/**
 * Reads settings and collects their descriptions and problems. A wrong value yields its fallback, so that
 * reading continues.
 */
export class ConfigReader {
  readonly settings: Setting[] = []
  readonly problems: string[] = []
  readonly #env: Readonly<Record<string, string | undefined>>

  constructor(env: Readonly<Record<string, string | undefined>>) {
    this.#env = env
  }

  /** Without a fallback, the variable must be set. */
  string(name: string, doc: string, fallback?: string): string {
    return this.#ask(name, doc, fallback, false) ?? ''
  }

  optional(name: string, doc: string): string | undefined {
    return this.#ask(name, doc, '', false) || undefined
  }

  /** The value is never printed. */
  secret(name: string, doc: string): string | undefined {
    return this.#ask(name, doc, '', true) || undefined
  }

  /**
   * For values that may be rotated while the process runs: returns a function that reads the file of
   * NAME_FILE again at each call. While that file cannot be read or is empty, because it is being replaced,
   * the function returns the previous value. Undefined if the setting is not set.
   */
  rotated(name: string, doc: string, { secret }: { secret: boolean }): (() => string) | undefined {
    let last = this.#ask(name, doc, '', secret)
    const file = this.#env[`${name}_FILE`]
    return last ? () => (last = readNow(file) ?? last!) : undefined
  }

  list(name: string, doc: string, fallback: string): string[] {
    return (this.#ask(name, doc, fallback, false) ?? '')
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean)
  }

  integer(name: string, doc: string, fallback: number, least: number, most: number): number {
    const text = this.#ask(name, doc, String(fallback), false) ?? ''
    const value = Number(text)
    if (/^-?\d+$/.test(text) && value >= least && value <= most) return value
    this.problems.push(`${name} is "${text}"; it must be a whole number from ${least} to ${most}.`)
    return fallback
  }

  port(name: string, doc: string, fallback: number): number {
    return this.integer(name, doc, fallback, 0, 65535)
  }

  /** Returns the URL without slashes at its end. */
  httpUrl(name: string, doc: string, fallback: string): string {
    const text = this.string(name, doc, fallback).replace(/\/+$/, '')
    if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
      this.problem(`${name} is "${text}"; it must be a URL such as ${fallback}.`)
    return text
  }

  flag(name: string, doc: string, fallback: boolean): boolean {
    return this.choice(name, doc, ['true', 'false'], String(fallback)) === 'true'
  }

  choice<const T extends string>(
    name: string,
    doc: string,
    choices: readonly T[],
    fallback: NoInfer<T> | string,
  ): T {
    const text = this.#ask(name, `${doc} One of ${choices.join(', ')}.`, fallback, false) ?? ''
    if ((choices as readonly string[]).includes(text)) return text as T
    this.problems.push(`${name} is "${text}"; it must be one of ${choices.join(', ')}.`)
    return fallback as T
  }

  /** For a rule over several settings. */
  problem(sentence: string): void {
    this.problems.push(sentence)
  }

  #ask(name: string, doc: string, fallback: string | undefined, secret: boolean): string | undefined {
    this.settings.push({ name, doc, fallback, secret })
    const value = this.#fromFile(name) ?? this.#env[name]
    if (value !== undefined && value !== '') return value
    if (fallback === undefined) this.problems.push(`${name} is not set: ${doc}`)
    return fallback
  }

  #fromFile(name: string): string | undefined {
    const file = this.#env[`${name}_FILE`]
    if (!file) return undefined
    try {
      return readFileSync(file, 'utf8').trim()
    } catch (error) {
      this.problems.push(
        `${name}_FILE names ${file}, which cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      )
      return undefined
    }
  }
}

/** The file's text without the whitespace around it; undefined if there is none at this moment. */
export function readNow(file: string | undefined): string | undefined {
  try {
    return (file && readFileSync(file, 'utf8').trim()) || undefined
  } catch {
    return undefined
  }
}

/** Reads a whole configuration or throws a ConfigError with every problem. */
export function readConfig<T>(
  env: Readonly<Record<string, string | undefined>>,
  read: (reader: ConfigReader) => T,
): T {
  const reader = new ConfigReader(env)
  const config = read(reader)
  if (reader.problems.length > 0) throw new ConfigError(reader.problems)
  return config
}
