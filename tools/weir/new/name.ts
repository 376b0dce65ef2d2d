/** A name in the forms that code, topics and texts want. */
import { UsageError } from '../command.ts'

export interface Name {
  /** fleet-alarms */
  readonly kebab: string
  /** fleetAlarms */
  readonly camel: string
  /** FleetAlarms */
  readonly pascal: string
  /** FLEET_ALARMS */
  readonly constant: string
  /** Fleet alarms */
  readonly title: string
}

const KEBAB = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/
const MAX_LENGTH = 40

/** Throws a UsageError for a name that is not plain kebab-case. */
export function nameOf(text: string | undefined, maxLength = MAX_LENGTH): Name {
  if (text === undefined) throw new UsageError('Give a name.')
  if (!KEBAB.test(text) || text.length > maxLength)
    throw new UsageError(
      `"${text.slice(0, 100)}" is not a name; it must be lower-case words of letters and digits with hyphens between them, ` +
        `such as fleet-alarms, and have at most ${maxLength} characters.`,
    )
  const words = text.split('-')
  const pascal = words.map(capitalised).join('')
  return {
    kebab: text,
    camel: words[0] + pascal.slice(words[0].length),
    pascal,
    constant: words.join('_').toUpperCase(),
    title: capitalised(words.join(' ')),
  }
}

/** Throws a UsageError if JavaScript, or one of the identifiers beside it, has the word already. */
export function requireIdentifier({ kebab, camel }: Name, taken: readonly string[]): void {
  let isWord = taken.includes(camel)
  try {
    new Function(`'use strict'; const ${camel} = 0`)
  } catch {
    isWord = true
  }
  if (isWord) throw new UsageError(`"${kebab}" already has a meaning in code; choose a longer name.`)
}

/** The replacements that give a template, written for `example`, another name. */
export function renaming(example: Name, name: Name): Record<string, string> {
  return Object.fromEntries(
    (Object.keys(example) as (keyof Name)[]).map((form) => [example[form], name[form]]),
  )
}

/** Replaces every key by its value, longer keys first, in one pass. */
export function replaced(text: string, replacements: Readonly<Record<string, string>>): string {
  const keys = Object.keys(replacements).sort((a, b) => b.length - a.length)
  const any = new RegExp(keys.map((key) => key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('|'), 'g')
  return text.replace(any, (key) => replacements[key])
}

const capitalised = (word: string): string => word[0].toUpperCase() + word.slice(1)
