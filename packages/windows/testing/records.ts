/** Records of unruly devices: out of order, late, repeated, and with clocks that are wrong by an hour. */
import { random } from '@weir/codec/testing/values.ts'

export interface Made {
  readonly key: string
  readonly timeMs: number
  readonly value: number
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
