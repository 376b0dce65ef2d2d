/**
 * Tables for people: aligned columns, right-aligned numbers with thousand separators, and no frame, so that
 * they can be cut and searched.
 */
import { stripVTControlCharacters, styleText } from 'node:util'

export type Cell = string | number | null | undefined

const GAP = '  '

/**
 * Returns the lines of a table, each ending in a newline. Cells may be styled; null and undefined show as a
 * dash.
 */
export function table(titles: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map(text))
  const right = titles.map(
    (_, c) => rows.length > 0 && rows.every((row) => typeof row[c] === 'number' || row[c] == null),
  )
  const widths = titles.map((title, c) =>
    texts.reduce((most, row) => Math.max(most, width(row[c])), width(title)),
  )
  const line = (cells: readonly string[]): string =>
    `${cells
      .map((cell, c) => {
        const padding = ' '.repeat(widths[c] - width(cell))
        return right[c] ? padding + cell : cell + padding
      })
      .join(GAP)
      .trimEnd()}\n`
  return dim(line(titles)) + texts.map(line).join('')
}

export function text(cell: Cell): string {
  if (cell === null || cell === undefined) return '-'
  return typeof cell === 'number' ? thousands(cell) : cell
}

/** Formats 1234567 as 1,234,567. */
export const thousands = (value: number): string =>
  value.toLocaleString('en-GB', { maximumFractionDigits: 1 })

/** Formats milliseconds as people write them: 850 ms, 12 s, 3 min 20 s, 5 h 02 min, 4 d 3 h. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  const s = Math.round(ms / 1000)
  if (s < 60) return `${s} s`
  if (s < 3600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`
  if (s < 86_400)
    return `${Math.floor(s / 3600)} h ${String(Math.floor((s % 3600) / 60)).padStart(2, '0')} min`
  return `${Math.floor(s / 86_400)} d ${Math.floor((s % 86_400) / 3600)} h`
}

type Style = Parameters<typeof styleText>[0]

/** Styles the text if stdout is a terminal and NO_COLOR is not set; returns plain text otherwise. */
export const styled = (style: Style, words: string): string =>
  styleText(style, words, { stream: process.stdout })

const dim = (words: string): string => (words === '\n' ? words : `${styled('dim', words.slice(0, -1))}\n`)

const width = (cell: string): number => [...stripVTControlCharacters(cell)].length
