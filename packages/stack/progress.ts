/** Prints a line for each task that takes longer than two seconds, and another when it is done. */
const PATIENCE = 2000

export class Progress {
  readonly #say: (line: string) => void

  constructor(say: (line: string) => void) {
    this.#say = say
  }

  async of<T>(what: string, work: Promise<T>): Promise<T> {
    const began = performance.now()
    let isAnnounced = false
    const timer = setTimeout(() => {
      isAnnounced = true
      this.#say(`${what} …`)
    }, PATIENCE)
    try {
      const result = await work
      if (isAnnounced) this.#say(`${what}: done in ${((performance.now() - began) / 1000).toFixed(1)} s`)
      return result
    } finally {
      clearTimeout(timer)
    }
  }
}
