/** The processing of each record before it is sent (Kinesis Agent: "Use the agent to pre-process data"). */
import { list, Misfit, map, object, oneOf, read, type Shape, text } from '@weir/topics/shape.ts'
import type { RE2JS } from 're2js'
import { LOG_FORMATS, type LogFormat } from './log-formats.ts'
import { linearPattern } from './pattern.ts'

/** Returns the record as it goes on; undefined drops it. */
export type Processor = (record: string) => string | undefined

const names = list(text({ max: 256 }), { min: 1, max: 1000 })
const option = object(
  { optionName: oneOf('SINGLELINE', 'CSVTOJSON', 'LOGTOJSON', 'ADDMETADATA') },
  {
    customFieldNames: names,
    delimiter: text({ max: 16 }),
    logFormat: oneOf(...(Object.keys(LOG_FORMATS) as LogFormat[])),
    matchPattern: text({ max: 4096 }),
    metadata: map(text({ max: 256 }), text({ min: 0, max: 4096 }), { max: 100 }),
  },
)
type Option = ReturnType<typeof readOption>
const readOption = (value: unknown) => read(option, value, 'refused')

/** The shape of dataProcessingOptions: processors in their order. */
export const readProcessors: Shape<readonly Processor[]> = (value, at, extra) =>
  list(option, { min: 0, max: 20 })(value, at, extra === 'ignored' ? 'refused' : extra).map((one, i) =>
    processorOf(one, `${at}[${i}]`),
  )

function processorOf(one: Option, at: string): Processor {
  switch (one.optionName) {
    case 'SINGLELINE':
      return singleLine
    case 'CSVTOJSON':
      if (one.customFieldNames === undefined) throw new Misfit(`${at}.customFieldNames`, 'is missing')
      return csvToJson(one.customFieldNames, one.delimiter ?? ',')
    case 'LOGTOJSON':
      return logToJson(one, at)
    case 'ADDMETADATA':
      if (one.metadata === undefined) throw new Misfit(`${at}.metadata`, 'is missing')
      return addMetadata(one.metadata)
  }
}

/** Removes line ends and the spaces around them. */
const singleLine: Processor = (record) =>
  `${record
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .join('')}\n`

function csvToJson(fields: readonly string[], delimiter: string): Processor {
  const tab = delimiter === '\\t' ? '\t' : delimiter
  return (record) => {
    const cells = withoutEnd(record).split(tab)
    if (cells.length === 1 && cells[0] === '') return undefined
    return line(Object.fromEntries(fields.map((name, i) => [name, cells[i]?.trim() ?? null])))
  }
}

function logToJson({ logFormat, matchPattern, customFieldNames }: Option, at: string): Processor {
  if (matchPattern === undefined && logFormat === undefined)
    throw new Misfit(`${at}.logFormat`, 'is missing; a matchPattern may take its place')
  if (matchPattern !== undefined && customFieldNames === undefined)
    throw new Misfit(`${at}.customFieldNames`, 'is missing; a matchPattern needs the names of its groups')
  if (matchPattern !== undefined)
    return matched(linearPattern(matchPattern, `${at}.matchPattern`), customFieldNames!)
  const { pattern, fields } = LOG_FORMATS[logFormat!]
  const labels = customFieldNames ?? fields
  if (labels.length !== fields.length)
    throw new Misfit(`${at}.customFieldNames`, `must have ${fields.length} names for ${logFormat}`)
  return (record) => {
    const found = pattern.exec(withoutEnd(record))
    if (found === null) return undefined
    return line(Object.fromEntries(labels.map((name, i) => [name, absent(found[i + 1])])))
  }
}

const matched =
  (pattern: RE2JS, fields: readonly string[]): Processor =>
  (record) => {
    const matcher = pattern.matcher(withoutEnd(record))
    if (!matcher.matches()) return undefined
    const groups = Math.min(fields.length, matcher.groupCount())
    return line(Object.fromEntries(fields.slice(0, groups).map((name, i) => [name, matcher.group(i + 1)])))
  }

/** Puts the record and the metadata into one object; a record that is not JSON stays text. */
const addMetadata =
  (metadata: Readonly<Record<string, string>>): Processor =>
  (record) => {
    const text = withoutEnd(record)
    let data: unknown = text
    try {
      data = JSON.parse(text)
    } catch {}
    return line({ metadata, data })
  }

const line = (value: object): string => `${JSON.stringify(value)}\n`
const withoutEnd = (record: string): string => record.replace(/\r?\n$/, '')
/** A dash means that the log has no value. */
const absent = (value: string | undefined): string | null =>
  value === undefined || value === '-' ? null : value
