/**
 * A log-linear histogram of latencies: 16 steps in every power of two of microseconds, so a value is known to
 * 6 % from 16 µs to 35 minutes. Recording is two additions; nothing is allocated.
 */

const STEP_BITS = 4
const STEPS = 1 << STEP_BITS
const MAX_MICROS = 2 ** 31 - 1
const CELLS = (31 - STEP_BITS) * STEPS + STEPS

export class LatencyHistogram {
  readonly counts = new Float64Array(CELLS)
  count = 0
  sumMs = 0

  /** Counts negative latencies (clocks that disagree) as 0. */
  record(ms: number, times: number): void {
    // biome-ignore lint/complexity/useMathMinMax: NaN counts as 0 too.
    const bounded = ms > 0 ? ms : 0
    this.counts[cellOf(bounded)] += times
    this.count += times
    this.sumMs += bounded * times
  }

  add(other: LatencyHistogram): void {
    for (let cell = 0; cell < CELLS; cell++) this.counts[cell] += other.counts[cell]
    this.count += other.count
    this.sumMs += other.sumMs
  }

  clear(): void {
    this.counts.fill(0)
    this.count = 0
    this.sumMs = 0
  }

  /**
   * Returns the latency that the fraction `q` of the values does not exceed, in ms; 0 if there are no values.
   */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.count))
    let seen = 0
    for (let cell = 0; cell < CELLS; cell++) {
      seen += this.counts[cell]
      if (seen >= rank) return middleMs(cell)
    }
    return 0
  }

  /**
   * Returns the number of values up to each bound (ascending, ms), as Prometheus counts buckets. A cell
   * counts at its midpoint.
   */
  cumulative(boundsMs: readonly number[]): number[] {
    let cell = 0
    let seen = 0
    return boundsMs.map((bound) => {
      while (cell < CELLS && middleMs(cell) <= bound) seen += this.counts[cell++]
      return seen
    })
  }
}

function cellOf(ms: number): number {
  const micros = Math.min(ms * 1000, MAX_MICROS) | 0
  if (micros < STEPS) return micros
  const power = 31 - Math.clz32(micros)
  return (power - STEP_BITS + 1) * STEPS + ((micros >>> (power - STEP_BITS)) & (STEPS - 1))
}

function middleMs(cell: number): number {
  if (cell < STEPS) return cell / 1000
  const power = Math.floor(cell / STEPS) + STEP_BITS - 1
  const width = 2 ** (power - STEP_BITS)
  return (2 ** power + (cell % STEPS) * width + width / 2) / 1000
}
