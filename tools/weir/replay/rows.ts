/** Reads a file's rows in batches. Memory is bounded by the batch and the longest row. */
import { UsageError } from '../command.ts'
import { isObject, valueAt } from '../json.ts'
import { CsvReader } from './csv.ts'
import { checkSize, openFile, type RecordFile, unreadable } from './file.ts'
import type { Columns } from './mapping.ts'
import { type JsonLines, jsonLines } from './ndjson.ts'

const FAULTS_SHOWN = 3
/** Objects that are nested deeper are one column. */
const MAX_FLATTENED_DEPTH = 5

/** Row i begins on line `lines[i]`; `cells[i]` is aligned with the columns. */
export interface RowBatch {
  readonly lines: number[]
  readonly cells: (readonly unknown[])[]
  /** The rows that cannot be read. */
  readonly faults: Fault[]
  /** Bytes of the file read so far. */
  readonly bytesRead: number
}

export interface Fault {
  readonly line: number
  readonly problem: string
}

/**
 * Returns the columns of the file, from its header or first object. `fields` are the contract's fields, which
 * later lines of an NDJSON file may have.
 */
export async function readColumns(file: RecordFile, fields: readonly string[]): Promise<Columns> {
  const faults: Fault[] = []
  if (file.format === 'csv') {
    for await (const { lines, cells, faults: more } of csvRows(file)) {
      faults.push(...more)
      if (cells.length === 0 && faults.length === 0) continue
      // A fault before the first row is in the header.
      if (cells.length === 0 || faults[0]?.line < lines[0]) {
        throw new UsageError(
          `${file.path} does not have a readable header: ${faultText(faults.slice(0, 1))}.`,
        )
      }
      const names = (cells[0] as string[]).map((name) => name.trim())
      return { names, known: names.length }
    }
  } else {
    for await (const { values, faults: more } of objectsOf(file)) {
      faults.push(...more.slice(0, FAULTS_SHOWN))
      if (values.length === 0) continue
      const names = flatten(values[0], '', 0)
      return { names: [...names, ...fields.filter((field) => !names.includes(field))], known: names.length }
    }
  }
  if (faults.length > 0)
    throw new UsageError(`${file.path} does not have a readable row: ${faultText(faults)}.`)
  throw new UsageError(`${file.path} has no rows.`)
}

/** Formats the first faults as a clause. */
export const faultText = (faults: readonly Fault[]): string =>
  faults
    .slice(0, FAULTS_SHOWN)
    .map(({ line, problem }) => `line ${line} ${problem}`)
    .join('; ')

export const readRows = (file: RecordFile, columns: Columns): AsyncGenerator<RowBatch> =>
  file.format === 'csv' ? rowsAfterHeader(file) : jsonRows(file, columns)

async function* rowsAfterHeader(file: RecordFile): AsyncGenerator<RowBatch> {
  let headerDropped = false
  for await (const batch of csvRows(file)) {
    if (!headerDropped && batch.cells.length > 0) {
      batch.lines.shift()
      batch.cells.shift()
      headerDropped = true
    }
    yield batch
  }
}

async function* csvRows(file: RecordFile): AsyncGenerator<RowBatch> {
  const open = openFile(file)
  let batch = emptyBatch()
  const reader = new CsvReader(file.delimiter, {
    row(line, cells) {
      batch.lines.push(line)
      batch.cells.push(cells)
    },
    fault: (line, problem) => batch.faults.push({ line, problem }),
  })
  try {
    for await (const text of open.text) {
      reader.push(text)
      yield { ...batch, bytesRead: open.bytesRead() }
      batch = emptyBatch()
    }
    reader.end()
    yield { ...batch, bytesRead: open.bytesRead() }
    checkSize(file, open.bytesRead())
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    open.close()
  }
}

const emptyBatch = (): Omit<RowBatch, 'bytesRead'> => ({ lines: [], cells: [], faults: [] })

async function* jsonRows(file: RecordFile, { names }: Columns): AsyncGenerator<RowBatch> {
  const paths = names.map((name) => name.split('.'))
  for await (const { lines, values, faults, bytesRead } of objectsOf(file)) {
    yield {
      lines,
      faults,
      bytesRead,
      cells: values.map((value) => paths.map((path) => valueAt(value, path))),
    }
  }
}

async function* objectsOf(file: RecordFile): AsyncGenerator<JsonLines & { bytesRead: number }> {
  const open = openFile(file)
  try {
    for await (const { lines, values, faults } of jsonLines(open.text))
      yield { lines, faults, values: values.map(unwrap), bytesRead: open.bytesRead() }
    checkSize(file, open.bytesRead())
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    open.close()
  }
}

/**
 * Flattens a row with an object in `value`, such as a line of `weir tail --json`. If names clash, the field of
 * the value wins.
 */
function unwrap(row: Record<string, unknown>): Record<string, unknown> {
  const { value, ...envelope } = row
  return isObject(value) ? { ...envelope, ...value } : row
}

function flatten(value: Record<string, unknown>, prefix: string, depth: number): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    isObject(inner) && depth < MAX_FLATTENED_DEPTH
      ? flatten(inner, `${prefix}${name}.`, depth + 1)
      : [`${prefix}${name}`],
  )
}
