/**
 * --filter FIELD=VALUE: FIELD is a path into the value, or one of the record's own fields (key, id, source,
 * partition). All filters must hold.
 */
import { HEADERS } from '@weir/contracts'
import { UsageError } from '../command.ts'
import { valueAt } from '../json.ts'
import type { SeenRecord } from './decoder.ts'
import { headerText } from './format.ts'

export type Filter = (record: SeenRecord) => boolean

export function readFilters(texts: readonly string[]): Filter {
  const filters = texts.map((text) => {
    const at = text.indexOf('=')
    if (at < 1) throw new UsageError(`--filter ${text}: write it as --filter field=value.`)
    return { path: text.slice(0, at).split('.'), wanted: text.slice(at + 1) }
  })
  return (record) => filters.every(({ path, wanted }) => String(lookUp(record, path)) === wanted)
}

function lookUp(record: SeenRecord, path: readonly string[]): unknown {
  const found = valueAt(record.value, path)
  if (found !== undefined || path.length > 1) return found
  switch (path[0]) {
    case 'key':
      return record.key
    case 'id':
      return headerText(record.headers, HEADERS.id)
    case 'source':
      return headerText(record.headers, HEADERS.source)
    case 'partition':
      return record.partition
    default:
      return undefined
  }
}
