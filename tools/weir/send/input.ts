/**
 * Parses the input of `weir send`: one JSON document (a value, a list, or { "records": [ … ] }) over any
 * number of lines, or NDJSON.
 */
import { UsageError } from '../command.ts'
import { isObject, parseExactly } from '../json.ts'
import { jsonLines, NOT_UTF8 } from '../replay/ndjson.ts'

export interface Input {
  /** The place of each value: its line, or its position in the list, from 1. */
  readonly places: readonly number[]
  readonly values: readonly Record<string, unknown>[]
  readonly faults: readonly { readonly place: number; readonly problem: string }[]
}

/** One JSON document is read whole, so it is bounded to 64 MiB of characters. NDJSON is not bounded. */
const MAX_DOCUMENT = 64 * 1024 * 1024

export async function* readInput(text: AsyncIterable<string>): AsyncGenerator<Input> {
  const chunks = text[Symbol.asyncIterator]()
  let head = ''
  let next = await chunks.next()
  while (!next.done) {
    head += next.value
    if (/\S.*\n/.test(head) || head.length > MAX_DOCUMENT) break
    next = await chunks.next()
  }
  const rest = { [Symbol.asyncIterator]: () => chunks }
  const first = firstLine(head)
  if (isObject(first) && !Array.isArray(first.records)) {
    for await (const { lines, values, faults } of jsonLines(following(head, rest))) {
      yield { places: lines, values, faults: faults.map(({ line, problem }) => ({ place: line, problem })) }
    }
  } else {
    for await (const chunk of rest) {
      head += chunk
      if (head.length > MAX_DOCUMENT)
        throw new UsageError('The document is longer than 64 MiB; send it as NDJSON, one value per line.')
    }
    yield document(head)
  }
}

async function* following(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head
  yield* rest
}

/** Returns the first line's JSON; undefined if the line is not JSON by itself. */
function firstLine(head: string): unknown {
  try {
    return parseExactly(head.trimStart().split('\n', 1)[0])
  } catch {
    return undefined
  }
}

function document(text: string): Input {
  if (!text.isWellFormed()) throw new UsageError(`The input ${NOT_UTF8}.`)
  let found: unknown
  try {
    found = parseExactly(text)
  } catch (error) {
    throw new UsageError(
      text.trim() === ''
        ? 'There is nothing to send.'
        : `The input is not JSON: ${(error as Error).message}.`,
    )
  }
  const list = Array.isArray(found)
    ? found
    : isObject(found) && Array.isArray(found.records)
      ? found.records
      : [found]
  const input = {
    places: [] as number[],
    values: [] as Record<string, unknown>[],
    faults: [] as { place: number; problem: string }[],
  }
  list.forEach((value, index) => {
    if (isObject(value)) {
      input.places.push(index + 1)
      input.values.push(value)
    } else input.faults.push({ place: index + 1, problem: 'is not a JSON object' })
  })
  return input
}

/** Reads a record as clients write it, { id?, value }, or as the bare value. The id may be of any type. */
export function recordOf(given: Record<string, unknown>): {
  readonly id: unknown
  readonly value: Record<string, unknown>
} {
  return isObject(given.value) ? { id: given.id, value: given.value } : { id: undefined, value: given }
}
