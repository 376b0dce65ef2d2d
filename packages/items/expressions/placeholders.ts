/** The names and values of ExpressionAttributeNames and ExpressionAttributeValues, for all expressions of a request. */
import { ItemError, shown } from '../errors.ts'
import { readName, readValue } from '../values/read.ts'
import { sizeOfValue } from '../values/size.ts'
import type { AttributeValue } from '../values/value.ts'

/** The developer guide has these limits ("Quotas", expression parameters). */
const MAX_PLACEHOLDER_BYTES = 255
const MAX_VALUES_BYTES = 2 * 1024 * 1024

const NAME = /^#\w+$/
const VALUE = /^:\w+$/

export class Placeholders {
  readonly #names = new Map<string, string>()
  readonly #values = new Map<string, AttributeValue>()
  readonly #unused = { names: new Set<string>(), values: new Set<string>() }

  /** Throws ItemError for a placeholder or value that DynamoDB does not allow. */
  constructor(names?: Readonly<Record<string, unknown>>, values?: Readonly<Record<string, unknown>>) {
    if (names !== undefined) this.#takeNames(Object.entries(names))
    if (values !== undefined) this.#takeValues(Object.entries(values))
  }

  /** Returns undefined if the name is not defined. */
  name(placeholder: string): string | undefined {
    this.#unused.names.delete(placeholder)
    return this.#names.get(placeholder)
  }

  /** Returns undefined if the value is not defined. */
  value(placeholder: string): AttributeValue | undefined {
    this.#unused.values.delete(placeholder)
    return this.#values.get(placeholder)
  }

  /** Call it when all expressions were parsed. Throws ItemError if some placeholder is in none of them. */
  checkUsed(): void {
    const { names, values } = this.#unused
    if (names.size > 0) throw unused('ExpressionAttributeNames', names)
    if (values.size > 0) throw unused('ExpressionAttributeValues', values)
  }

  #takeNames(entries: readonly [string, unknown][]): void {
    if (entries.length === 0) throw new ItemError('ExpressionAttributeNames must not be empty')
    for (const [placeholder, name] of entries) {
      checkPlaceholder('ExpressionAttributeNames', placeholder, NAME)
      this.#names.set(
        placeholder,
        explained('ExpressionAttributeNames', placeholder, () => readName(name)),
      )
      this.#unused.names.add(placeholder)
    }
  }

  #takeValues(entries: readonly [string, unknown][]): void {
    if (entries.length === 0) throw new ItemError('ExpressionAttributeValues must not be empty')
    let bytes = 0
    for (const [placeholder, value] of entries) {
      checkPlaceholder('ExpressionAttributeValues', placeholder, VALUE)
      const read = explained('ExpressionAttributeValues', placeholder, () => readValue(value))
      bytes += sizeOfValue(read)
      if (bytes > MAX_VALUES_BYTES)
        throw new ItemError(
          `ExpressionAttributeValues have more than ${MAX_VALUES_BYTES} bytes; use smaller values`,
        )
      this.#values.set(placeholder, read)
      this.#unused.values.add(placeholder)
    }
  }
}

function checkPlaceholder(parameter: string, placeholder: string, form: RegExp): void {
  if (Buffer.byteLength(placeholder) > MAX_PLACEHOLDER_BYTES)
    throw new ItemError(
      `${parameter} contains invalid key: The expression attribute map contains a key that is too long; key: "${shown(placeholder)}"`,
    )
  if (!form.test(placeholder))
    throw new ItemError(`${parameter} contains invalid key: Syntax error; key: "${placeholder}"`)
}

/** Adds the placeholder to an error about its value. */
function explained<T>(parameter: string, placeholder: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof ItemError)) throw error
    throw new ItemError(`${parameter} contains invalid value: ${error.message} for key ${placeholder}`)
  }
}

function unused(parameter: string, placeholders: ReadonlySet<string>): ItemError {
  return new ItemError(
    `Value provided in ${parameter} unused in expressions: keys: {${[...placeholders].join(', ')}}`,
  )
}
