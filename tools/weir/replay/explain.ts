/** Explains how a replay reads the file, and which option changes it, before the first record is sent. */
import { duration, thousands } from '../terminal/table.ts'
import type { Plan } from './replay.ts'
import { timeText } from './time.ts'

export function explain(plan: Plan): string {
  const lines = [
    fieldsText(plan),
    ...(plan.mapping.unused.length > 0 ? [`not used: ${plan.mapping.unused.join(', ')}`] : []),
    ...notes(plan),
  ]
  return lines.map((line) => `${line}\n`).join('')
}

function fieldsText({ mapping, columns }: Plan): string {
  const pairs = mapping.assignments.map((assignment) =>
    'constant' in assignment
      ? `${assignment.leaf.name} = ${JSON.stringify(assignment.constant)}`
      : assignment.column < columns.length && columns[assignment.column] === assignment.leaf.name
        ? assignment.leaf.name
        : `${assignment.leaf.name} ← ${columns[assignment.column]}${assignment.factor === 1 ? '' : ` × ${assignment.factor}`}`,
  )
  return pairs.join(', ')
}

const DELIMITER_NAMES: Readonly<Record<string, string>> = {
  ',': 'commas',
  ';': 'semicolons',
  '\t': 'tabs',
  '|': 'bars',
}

function notes({ file, survey, shift, length, mapping, columns }: Plan): string[] {
  const lines: string[] = []
  if (file.format === 'csv')
    lines.push(
      `cells separated by ${DELIMITER_NAMES[file.delimiter] ?? JSON.stringify(file.delimiter)} (--delimiter)`,
    )
  const used = mapping.assignments.flatMap((assignment) =>
    'column' in assignment ? [columns[assignment.column]] : [],
  )
  for (const name of file.format === 'csv' ? new Set(used) : []) {
    if (columns.indexOf(name) !== columns.lastIndexOf(name))
      lines.push(`several columns are named ${name}; the first is read`)
  }
  if (!survey) return lines
  const {
    reading: { format, zoneMs },
    zoneless,
    first,
    firstLine,
    last,
    lastLine,
    far,
  } = survey
  lines.push(
    `times in ${format === 'iso' ? 'ISO 8601' : format} (--time), from ${timeText(first)} on line ${firstLine} to ${timeText(last)} on line ${lastLine}` +
      (zoneless ? `, in ${zoneText(zoneMs)} if they have no zone (--zone)` : '') +
      (shift === 0 ? '' : `, shifted by ${shift < 0 ? '-' : ''}${duration(Math.abs(shift))} (--keep-times)`),
  )
  if (length !== undefined) lines.push(`sent within ${duration(length)} (--speed)`)
  if (far > 0)
    lines.push(
      `${thousands(far)} ${far === 1 ? 'time is' : 'times are'} far from these and will be refused (--all-times)`,
    )
  return lines
}

function zoneText(ms: number): string {
  if (ms === 0) return 'UTC'
  const minutes = Math.abs(ms) / 60_000
  return `UTC${ms < 0 ? '-' : '+'}${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
}
