/** Records of unruly devices: out of order, late, repeated, and with clocks that are wrong by an hour. */

export interface Made {
  readonly key: string
  readonly timeMs: number
  readonly value: number
}

/** A generator of numbers from 0 to 1, the same each time (mulberry32). */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b_79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const HOUR_MS = 3_600_000

/** Makes records of `keys` keys in the order of their arrival; time moves on by `stepMs` with each. */
export function* unruly(
  count: number,
  {
    keys,
    startMs,
    stepMs,
    disorderMs,
  }: { keys: number; startMs: number; stepMs: number; disorderMs: number },
  next = random(1),
): Generator<Made> {
  for (let i = 0; i < count; i++) {
    const key = `k${Math.floor(next() * keys)}`
    const kind = next()
    const back = next() * disorderMs * (kind < 0.05 ? 6 : 1)
    const wrong = kind > 0.99 ? HOUR_MS : kind > 0.98 ? -HOUR_MS : 0
    const made = {
      key,
      timeMs: Math.floor(startMs + i * stepMs - back) + wrong,
      value: Math.floor(next() * 1_000_000),
    }
    yield made
    if (next() < 0.02) yield made
  }
}
