/** Rows of a CSV file (RFC 4180) from its text in pieces, in memory bounded by the longest row. Line ends are LF, CRLF or CR, also mixed. */
import { MAX_ROW } from './ndjson.ts'

export interface CsvHandler {
  /** The header is the first row; the others have as many cells. @param line on which the row begins, from 1 */
  row(line: number, cells: string[]): void
  /** In place of a row that cannot be read. */
  fault(line: number, problem: string): void
}

const QUOTE = 0x22, LF = 0x0a, CR = 0x0d
/** A line with its end. */
const LINE = /[^\n\r]*(?:\r\n|\n|\r|$)/y
const DELIMITERS = [',', ';', '\t', '|']
/** Lines after a quote that tell whether it is out of place. */
const LOOKED_AT = 10

/** The delimiter that the first line has most of outside of quotes. */
export function guessDelimiter(text: string): string {
  const header = text.split(/[\n\r]/, 1)[0].replace(/"[^"]*"/g, '')
  const count = (delimiter: string): number => header.split(delimiter).length
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best))
}

export class CsvReader {
  readonly #delimiter: string
  readonly #handler: CsvHandler
  #text = ''
  /** Where in the text the row that is open begins, and on which line of the file. */
  #from = 0
  #line = 1
  /** How far the row was looked through. */
  #at = 0
  /** Whether that place lies within quotes. */
  #quoted = false
  /** Line ends of the row so far, all of them within quotes. */
  #newlines = 0
  /** True while the rest of a row that is too long passes by. */
  #skipping = false
  /** Cells of the header; 0 before it. */
  #width = 0

  constructor(delimiter: string, handler: CsvHandler) {
    this.#delimiter = delimiter
    this.#handler = handler
  }

  push(text: string): void {
    this.#text += text
    this.#take(false)
    while (!this.#skipping && this.#text.length - this.#from > MAX_ROW) {
      if (this.#quoted && this.#joinsRows()) {
        this.#giveUpLine('opens a quote that is not closed')
        this.#take(false)
      } else this.#skipping = true
    }
    const passed = this.#skipping ? this.#at : this.#from
    this.#text = this.#text.slice(passed)
    this.#at -= passed
    this.#from = 0
  }

  /** The last row needs no line end. Throws where a quote that is not closed hides the rows after it. */
  end(): void {
    this.#take(true)
    while (this.#from < this.#text.length && !this.#skipping) {
      if (this.#quoted) this.#giveUpLine('opens a quote that is not closed')
      else this.#close(this.#text.length, this.#text.length)
      this.#take(true)
    }
    if (this.#skipping && this.#quoted) throw new Error(`line ${this.#line} opens a quote that is not closed, so that the rows after it cannot be told apart`)
    if (this.#skipping) this.#handler.fault(this.#line, TOO_LONG)
  }

  /** Hands over the rows that are whole. */
  #take(isLast: boolean): void {
    for (let end = this.#rowEnd(isLast); end >= 0; end = this.#rowEnd(isLast)) {
      const isPair = this.#text.charCodeAt(end) === CR && this.#text.charCodeAt(end + 1) === LF
      this.#close(end, end + (isPair ? 2 : 1))
    }
  }

  /** Looks for the line end that closes the row: the first outside of quotes. -1 where the text ends before. */
  #rowEnd(isLast: boolean): number {
    const text = this.#text
    for (; this.#at < text.length; this.#at++) {
      const code = text.charCodeAt(this.#at)
      if (code === QUOTE) this.#quoted = !this.#quoted
      else if (code === LF || code === CR) {
        if (code === CR && this.#at + 1 === text.length && !isLast) return -1
        if (!this.#quoted) return this.#at
        if (code === LF || text.charCodeAt(this.#at + 1) !== LF) this.#newlines++
      }
    }
    return -1
  }

  /** @param next where the next row begins */
  #close(end: number, next: number): void {
    if (this.#skipping || end - this.#from > MAX_ROW) this.#handler.fault(this.#line, TOO_LONG)
    else {
      const row = this.#text.slice(this.#from, end)
      const cells = cellsOf(row, this.#delimiter)
      if (cells === undefined) return this.#giveUpLine('has a quote within a cell; quote the whole cell and double the quotes in it')
      if (cells.length > 1 || row.trim() !== '') this.#hand(cells)
    }
    this.#skipping = false
    this.#begin(next, this.#newlines + 1)
  }

  #hand(cells: string[]): void {
    this.#width ||= cells.length
    if (cells.length === this.#width) this.#handler.row(this.#line, cells)
    else this.#handler.fault(this.#line, `has ${cells.length} columns, the header has ${this.#width}`)
  }

  /** Gives up the first line only of the row: a quote out of place has joined the next lines to it. */
  #giveUpLine(problem: string): void {
    this.#handler.fault(this.#line, problem)
    LINE.lastIndex = this.#from
    this.#begin(this.#from + LINE.exec(this.#text)![0].length, 1)
  }

  #begin(next: number, lines: number): void {
    this.#from = this.#at = next
    this.#line += lines
    this.#newlines = 0
    this.#quoted = false
  }

  /** Whether a quote out of place made the row so long: the lines after its first look like rows, for they have as many cells as the header. */
  #joinsRows(): boolean {
    const lines = this.#text.slice(this.#from, this.#at).split(/\r\n|\n|\r/, 2 + LOOKED_AT).slice(1, -1)
    return lines.length > 0 && lines.every((line) => cellsOf(line, this.#delimiter)?.length === this.#width)
  }
}

const TOO_LONG = `is longer than ${MAX_ROW} characters`

/** The cells of one row; undefined where a quote is out of place. */
function cellsOf(row: string, delimiter: string): string[] | undefined {
  if (!row.includes('"')) return row.split(delimiter)
  const cells: string[] = []
  for (let at = 0; ; at++) {
    CELL.lastIndex = at
    const quoted = CELL.exec(row)
    if (quoted) {
      at = CELL.lastIndex
      cells.push(quoted[1].replaceAll('""', '"'))
    } else {
      const end = row.indexOf(delimiter, at)
      const cell = row.slice(at, end < 0 ? row.length : end)
      if (cell.includes('"')) return undefined
      at += cell.length
      cells.push(cell)
    }
    if (at === row.length) return cells
    if (row[at] !== delimiter) return undefined
  }
}

/** A cell in quotes; its own are doubled. */
const CELL = /"([^"]*(?:""[^"]*)*)"/y
