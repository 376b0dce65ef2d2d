/** Parses NDJSON from text in pieces, in bounded memory. */
import { isObject, parseExactly } from '../json.ts'

/** The longest row that is accepted: 1 MiB, like Kafka's default for one record. */
export const MAX_ROW = 1024 * 1024

/** The problem reported for text that is not well-formed, see textOf(). */
export const NOT_UTF8 = 'has bytes that are not UTF-8'

export interface JsonLines {
  /** Line numbers of the values, from 1. */
  readonly lines: number[]
  readonly values: Record<string, unknown>[]
  /** Lines that do not hold a JSON object, with the reason. */
  readonly faults: { readonly line: number; readonly problem: string }[]
}

/** Yields the objects of the lines, batch by batch. Skips empty lines. */
export async function* jsonLines(text: AsyncIterable<string>): AsyncGenerator<JsonLines> {
  let rest = ''
  let line = 0
  let tooLong = false
  const take = (words: string, into: JsonLines): void => {
    line++
    if (tooLong || words.length > MAX_ROW)
      into.faults.push({ line, problem: `is longer than ${MAX_ROW} characters` })
    else if (words.trim() !== '') parseLine(words, line, into)
    tooLong = false
  }
  for await (const chunk of text) {
    const batch: JsonLines = { lines: [], values: [], faults: [] }
    const words = rest + chunk
    let from = 0
    for (let end = words.indexOf('\n'); end >= 0; end = words.indexOf('\n', from)) {
      take(words.slice(from, end), batch)
      from = end + 1
    }
    rest = words.slice(from)
    if (rest.length > MAX_ROW) {
      tooLong = true
      rest = ''
    }
    if (batch.lines.length + batch.faults.length > 0) yield batch
  }
  if (rest === '' && !tooLong) return
  const last: JsonLines = { lines: [], values: [], faults: [] }
  take(rest, last)
  yield last
}

function parseLine(words: string, line: number, into: JsonLines): void {
  if (!words.isWellFormed()) {
    into.faults.push({ line, problem: NOT_UTF8 })
    return
  }
  try {
    const value = parseExactly(words)
    if (isObject(value)) {
      into.lines.push(line)
      into.values.push(value)
      return
    }
    into.faults.push({ line, problem: 'is not a JSON object' })
  } catch (error) {
    into.faults.push({ line, problem: `is not JSON: ${(error as Error).message}` })
  }
}
