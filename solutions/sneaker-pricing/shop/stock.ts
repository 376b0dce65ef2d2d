/** The pairs of a product in stock, and the deliveries that fill it up. */
import { randomFrom } from '../../random.ts'
import type { Product } from './products.ts'

export class Stock {
  readonly #full: number
  readonly #everyMs: number
  readonly #phaseMs: number
  #pairs: number
  #nextMs: number | undefined

  constructor({ fullStock, deliveryEveryMs }: Product, seed: number) {
    this.#full = fullStock
    this.#everyMs = deliveryEveryMs
    const random = randomFrom(seed)
    this.#phaseMs = Math.floor(random() * deliveryEveryMs)
    this.#pairs = Math.ceil(fullStock * random())
  }

  get pairs(): number {
    return this.#pairs
  }

  /** The next delivery, ms since the epoch; undefined until time has begun. */
  get nextMs(): number | undefined {
    return this.#nextMs
  }

  /** Fills the stock up if a delivery was due since the last call. */
  deliver(now: number): void {
    if (this.#nextMs !== undefined && now < this.#nextMs) return
    if (this.#nextMs !== undefined) this.#pairs = this.#full
    this.#nextMs = (Math.floor((now - this.#phaseMs) / this.#everyMs) + 1) * this.#everyMs + this.#phaseMs
  }

  /** Takes at most `quantity` pairs, and returns how many. */
  take(quantity: 1 | 2): 0 | 1 | 2 {
    const taken = Math.min(quantity, this.#pairs) as 0 | 1 | 2
    this.#pairs -= taken
    return taken
  }
}
