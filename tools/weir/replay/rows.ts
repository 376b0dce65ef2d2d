/** Rows of a file in batches: CSV by csv-parse, NDJSON by lines. Memory is bounded by the batch and the longest row. */
import { pipeline } from 'node:stream'
import { parse, type CsvError } from 'csv-parse'
import { UsageError } from '../command.ts'
import { openFile, unreadable, type OpenFile, type RecordFile } from './file.ts'
import type { Columns } from './mapping.ts'
import { jsonLines, MAX_ROW, type JsonLines } from './ndjson.ts'

/** Row i began on line `lines[i]`; `cells[i]` is aligned with the columns. */
export interface RowBatch {
  readonly lines: number[]
  readonly cells: (readonly unknown[])[]
  /** Rows that are none, with the reason. */
  readonly faults: { readonly line: number, readonly problem: string }[]
  /** Bytes of the file read so far. */
  bytesRead: number
}

const BATCH = 2000

/** The columns of the file, from its header or first line. `fields` are the contract's, which later lines of an NDJSON file may have. */
export async function readColumns(file: RecordFile, fields: readonly string[]): Promise<Columns> {
  if (file.format === 'csv') {
    for await (const { cells } of csvRows(file, undefined)) {
      if (cells.length === 0) continue
      const names = (cells[0] as string[]).map((name) => name.trim())
      return { names, known: names.length }
    }
  } else {
    for await (const { values } of objectsOf(file)) {
      if (values.length === 0) continue
      const names = flatten(values[0], '', 0)
      return { names: [...names, ...fields.filter((field) => !names.includes(field))], known: names.length }
    }
  }
  throw new UsageError(`${file.path} has no rows.`)
}

export const readRows = (file: RecordFile, columns: Columns): AsyncGenerator<RowBatch> =>
  file.format === 'csv' ? csvRows(file, columns.names.length) : jsonRows(file, columns)

/** @param width the header's number of columns; undefined to get the header itself as the one row */
async function* csvRows(file: RecordFile, width: number | undefined): AsyncGenerator<RowBatch> {
  const open = openFile(file)
  let batch = emptyBatch()
  const parser = parse({
    bom: true, info: true, relax_column_count: true, skip_empty_lines: true, skip_records_with_error: true, max_record_size: MAX_ROW,
    ...width === undefined ? { to: 1 } : { from: 2 },
    on_skip: (error: CsvError | undefined) => {
      batch.faults.push({ line: Number(error?.['lines'] ?? 0), problem: error?.message ?? 'is no CSV' })
      return undefined
    },
  })
  pipeline(open.text, parser, () => {}) // An error destroys the parser, and the loop below meets it.
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: string[], info: { lines: number } }>) {
      if (width !== undefined && record.length !== width) {
        batch.faults.push({ line: info.lines, problem: `has ${record.length} columns, the header has ${width}` })
      } else {
        batch.lines.push(info.lines)
        batch.cells.push(record)
      }
      if (batch.lines.length + batch.faults.length < BATCH) continue
      yield sealed(batch, open)
      batch = emptyBatch()
    }
    yield sealed(batch, open)
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    open.close()
    parser.destroy()
  }
}

async function* jsonRows(file: RecordFile, { names }: Columns): AsyncGenerator<RowBatch> {
  const paths = names.map((name) => name.split('.'))
  for await (const { lines, values, faults, bytesRead } of objectsOf(file)) {
    yield { lines, faults, bytesRead, cells: values.map((value) => paths.map((path) => at(value, path))) }
  }
}

async function* objectsOf(file: RecordFile): AsyncGenerator<JsonLines & { bytesRead: number }> {
  const open = openFile(file)
  try {
    for await (const { lines, values, faults } of jsonLines(open.text)) yield { lines, faults, values: values.map(unwrap), bytesRead: open.bytesRead() }
  } catch (error) {
    throw unreadable(file, error)
  } finally {
    open.close()
  }
}

/** A line of `weir tail --json` has the value inside an envelope: both levels give columns, the value first. */
function unwrap(row: Record<string, unknown>): Record<string, unknown> {
  const { value, ...envelope } = row
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...envelope, ...value } : row
}

function at(value: Record<string, unknown>, path: readonly string[]): unknown {
  let found: unknown = value
  for (const name of path) found = typeof found === 'object' && found !== null ? (found as Record<string, unknown>)[name] : undefined
  return found
}

function flatten(value: Record<string, unknown>, prefix: string, depth: number): string[] {
  return Object.entries(value).flatMap(([name, inner]) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner) && depth < 5 ? flatten(inner as Record<string, unknown>, `${prefix}${name}.`, depth + 1) : [`${prefix}${name}`])
}

const emptyBatch = (): RowBatch => ({ lines: [], cells: [], faults: [], bytesRead: 0 })

function sealed(batch: RowBatch, open: OpenFile): RowBatch {
  batch.bytesRead = open.bytesRead()
  return batch
}
