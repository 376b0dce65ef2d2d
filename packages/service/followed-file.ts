/** Follows a small file that is reloaded when it changes, such as a file of keys. */
import { readFileSync, statSync } from 'node:fs'

/** A file of keys is far smaller, and a file that is not one must not exhaust the memory. */
const MAX_BYTES = 1 << 20

/** Takes the text, or undefined and the reason why the file cannot be read: "which ...". */
type Accept = (text: string | undefined, problem: string) => void

/**
 * Calls `accept` before it returns, and again after each change. It reads the file every `intervalMs` and
 * compares texts: a mounted secret is a link that is switched, and a change right after the first read would
 * not show in the file's times.
 * @param accept may throw at the first call only
 * @returns a function that stops following the file
 */
export function followFile(file: string, intervalMs: number, accept: Accept): () => void {
  let known: string | undefined
  let trouble: string | undefined
  const look = (): void => {
    const [text, problem] = read(file)
    if (text === known && problem === trouble) return
    known = text
    trouble = problem
    accept(text, problem)
  }
  look()
  const timer = setInterval(look, intervalMs).unref()
  return () => clearInterval(timer)
}

function read(file: string): [text: string | undefined, problem: string] {
  try {
    if (statSync(file).size > MAX_BYTES) return [undefined, `which is longer than ${MAX_BYTES} bytes`]
    return [readFileSync(file, 'utf8'), '']
  } catch (error) {
    return [undefined, `which cannot be read (${(error as NodeJS.ErrnoException).code})`]
  }
}
