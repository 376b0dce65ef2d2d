/**
 * Writes the history from which the model learns: `node ml/history.ts FILE.csv.gz [WEEKS [SEED]]`. The same arguments
 * give the same rows.
 */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { FEATURES } from '@weir/solutions/sneaker-pricing/features.ts'
import { history } from '@weir/solutions/sneaker-pricing/shop/history.ts'

export const DEFAULT_WEEKS = 8
export const DEFAULT_SEED = 1
const HOURS_PER_WEEK = 168
const PROGRESS_EVERY_MS = 2000
/** Enough for what a 32-bit float keeps. */
const DIGITS = 7

/** Resolves with the number of rows. */
export async function writeHistory(file: string, weeks: number, seed: number): Promise<number> {
  let rows = 0
  let said = performance.now()
  function* lines(): Generator<string> {
    yield `hour,product_id,${FEATURES.map(({ name }) => name).join(',')},units\n`
    let hours = 0
    for (const hour of history(seed, weeks)) {
      hours++
      rows += hour.length
      if (performance.now() - said > PROGRESS_EVERY_MS) {
        said = performance.now()
        process.stderr.write(
          `history: ${Math.floor((hours / (weeks * HOURS_PER_WEEK)) * 100)} %, ${rows} rows\n`,
        )
      }
      yield hour
        .map(({ at, productId, features, units }) => {
          const values = features.map((value) => Number(value.toPrecision(DIGITS)))
          return `${new Date(at).toISOString()},${productId},${values.join(',')},${units}\n`
        })
        .join('')
    }
  }
  await pipeline(Readable.from(lines()), createGzip(), createWriteStream(file))
  return rows
}

if (import.meta.main) {
  const [file, weeks = DEFAULT_WEEKS, seed = DEFAULT_SEED] = process.argv.slice(2)
  const fail = (sentence: string): never => {
    process.stderr.write(`${sentence}\n`)
    process.exit(2)
  }
  if (file === undefined) fail('Usage: node ml/history.ts FILE.csv.gz [WEEKS [SEED]]')
  const rows = await writeHistory(file, Number(weeks), Number(seed)).catch(({ message }: Error) =>
    fail(`history: ${message}`),
  )
  process.stderr.write(`history: wrote ${rows} rows to ${file}\n`)
}
