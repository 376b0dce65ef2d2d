/** Tells people that a command still waits. */
import { duration } from './table.ts'

const EVERY_MS = 2000

/** Settles like the work. If that takes longer than two seconds, a line on stderr says what is waited for. */
export async function waiting<T>(what: string, work: Promise<T>): Promise<T> {
  const begun = performance.now()
  const isTerminal = process.stderr.isTTY === true
  let isShown = false
  const timer = setInterval(() => {
    isShown = true
    const line = `${what} … ${duration(performance.now() - begun)}`
    process.stderr.write(isTerminal ? `\r${line}\x1b[K` : `${line}\n`)
  }, EVERY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (isShown && isTerminal) process.stderr.write('\r\x1b[K')
  }
}
