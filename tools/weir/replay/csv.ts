/**
 * Reads the rows of a CSV file (RFC 4180) from text in pieces. Memory is bounded by the longest row. Lines
 * end in LF, CRLF or CR.
 */
import { MAX_ROW } from './ndjson.ts'

export interface CsvHandler {
  /**
   * The first row is the header; the others have the same number of cells.
   * @param line the line on which the row begins, from 1
   */
  row(line: number, cells: string[]): void
  /** Called in place of `row` for a row that cannot be read. */
  fault(line: number, problem: string): void
}

const QUOTE = 0x22,
  LF = 0x0a,
  CR = 0x0d
/** A line with its line end. */
const LINE = /[^\n\r]*(?:\r\n|\n|\r|$)/y
const DELIMITERS = [',', ';', '\t', '|']
/** Number of lines after a quote that are examined to decide whether it is out of place. */
const LOOKED_AT = 10

/** Returns the delimiter that occurs most in the first line, outside of quotes. */
export function guessDelimiter(text: string): string {
  const header = text.split(/[\n\r]/, 1)[0].replace(/"[^"]*"/g, '')
  const count = (delimiter: string): number => header.split(delimiter).length
  return DELIMITERS.reduce((best, one) => (count(one) > count(best) ? one : best))
}

export class CsvReader {
  readonly #delimiter: string
  readonly #handler: CsvHandler
  #text = ''
  /** The index in the text at which the current row begins. */
  #from = 0
  /** The line of the file on which the current row begins. */
  #line = 1
  /** The index up to which the row was searched for its end. */
  #at = 0
  /** Whether that index is within quotes. */
  #quoted = false
  /** Number of line ends in the row so far, all of them within quotes. */
  #newlines = 0
  /** True while the rest of a row that is too long is dropped. */
  #skipping = false
  /** Number of cells in the header; 0 before it is read. */
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

  /**
   * Ends the text. The last row needs no line end. Throws if a quote that is not closed hides the rows after
   * it.
   */
  end(): void {
    this.#take(true)
    while (this.#from < this.#text.length && !this.#skipping) {
      if (this.#quoted) this.#giveUpLine('opens a quote that is not closed')
      else this.#close(this.#text.length, this.#text.length)
      this.#take(true)
    }
    if (!this.#skipping) return
    if (this.#quoted)
      throw new Error(
        `line ${this.#line} opens a quote that is not closed, so the rows after it cannot be read`,
      )
    this.#tooLong()
  }

  /** Processes the rows that are complete. */
  #take(isLast: boolean): void {
    for (let end = this.#rowEnd(isLast); end >= 0; end = this.#rowEnd(isLast)) {
      const isPair = this.#text.charCodeAt(end) === CR && this.#text.charCodeAt(end + 1) === LF
      this.#close(end, end + (isPair ? 2 : 1))
    }
  }

  /**
   * Returns the index of the line end that closes the row, which is the first outside of quotes; -1 if the
   * text ends before it.
   */
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

  /** @param next the index at which the next row begins */
  #close(end: number, next: number): void {
    if (this.#skipping || end - this.#from > MAX_ROW) this.#tooLong()
    else {
      const row = this.#text.slice(this.#from, end)
      const cells = cellsOf(row, this.#delimiter)
      if (cells === undefined)
        return this.#giveUpLine('has a quote within a cell; quote the whole cell and double the quotes in it')
      if (cells.length > 1 || row.trim() !== '') this.#handOver(cells)
    }
    this.#skipping = false
    this.#begin(next, this.#newlines + 1)
  }

  #handOver(cells: string[]): void {
    this.#width ||= cells.length
    if (cells.length === this.#width) this.#handler.row(this.#line, cells)
    else this.#handler.fault(this.#line, `has ${cells.length} columns, the header has ${this.#width}`)
  }

  /**
   * Gives up only the first line of the row, because a quote out of place has joined the next lines to it.
   */
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

  /** Returns whether most lines after the row's first look like rows, with as many cells as the header. */
  #joinsRows(): boolean {
    const lines = this.#text
      .slice(this.#from, this.#at)
      .split(/\r\n|\n|\r/, 2 + LOOKED_AT)
      .slice(1, -1)
    const filled = lines.filter((line) => line.trim() !== '')
    const rows = filled.filter((line) => cellsOf(line, this.#delimiter)?.length === this.#width)
    return rows.length > filled.length / 2
  }

  #tooLong(): void {
    const end = this.#newlines === 0 ? '' : `; it ends on line ${this.#line + this.#newlines}`
    this.#handler.fault(this.#line, `is longer than ${MAX_ROW} characters${end}`)
  }
}

/** Returns the cells of one row; undefined if a quote is out of place. */
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

/** A cell in quotes. Quotes inside it are doubled. */
const CELL = /"([^"]*(?:""[^"]*)*)"/y
