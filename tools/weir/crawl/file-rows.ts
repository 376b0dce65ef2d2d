/** The first rows of a file of CSV or NDJSON, also compressed, as objects. */
import { UsageError } from '../command.ts'
import { openFile, type RecordFile, recordFile } from '../replay/file.ts'
import { jsonLines } from '../replay/ndjson.ts'
import { type Fault, faultText, readColumns, readRows } from '../replay/rows.ts'
import { cellOf } from './sample.ts'

export interface FileRows {
  readonly format: RecordFile['format']
  readonly rows: readonly Readonly<Record<string, unknown>>[]
  readonly faults: readonly Fault[]
}

/** Throws a UsageError for a file that cannot be read, or that has no row. */
export async function firstRows(path: string, count: number): Promise<FileRows> {
  const file = await recordFile(path)
  const rows: Record<string, unknown>[] = []
  const faults: Fault[] = []
  for await (const batch of file.format === 'csv' ? csvObjects(file) : jsonObjects(file)) {
    rows.push(...batch.rows.slice(0, count - rows.length))
    faults.push(...batch.faults)
    if (rows.length >= count) break
  }
  if (rows.length === 0) throw new UsageError(`${path} does not have a readable row: ${faultText(faults)}.`)
  return { format: file.format, rows, faults }
}

interface Batch {
  readonly rows: readonly Record<string, unknown>[]
  readonly faults: readonly Fault[]
}

async function* csvObjects(file: RecordFile): AsyncGenerator<Batch> {
  const columns = await readColumns(file, [])
  for await (const { cells, faults } of readRows(file, columns))
    yield {
      faults,
      rows: cells.map((row) =>
        Object.fromEntries(columns.names.map((name, i) => [name, cellOf(String(row[i] ?? '').trim())])),
      ),
    }
}

async function* jsonObjects(file: RecordFile): AsyncGenerator<Batch> {
  const open = openFile(file)
  try {
    // Numbers that would be rounded are objects until they are written.
    for await (const { values, faults } of jsonLines(open.text))
      yield { rows: values.map((value) => JSON.parse(JSON.stringify(value))), faults }
  } finally {
    open.close()
  }
}
