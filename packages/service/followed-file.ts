/** A small file that is used again when it changes, such as a file of keys. */
import { readFileSync, statSync } from 'node:fs'

/** A file of keys is far smaller, and a file that is not one must not fill the memory. */
const MAX_BYTES = 1 << 20

/**
 * Gives the file's text, or why it cannot be read, before it returns and whenever that has changed; looks every `intervalMs`. It compares the text:
 * a mounted secret is a link that is switched over, and a change right after the first reading would not show in the file's times.
 * @param accept may throw at the first call only
 * @returns stops looking
 */
export function followFile(file: string, intervalMs: number, accept: (text: string | undefined, problem: string) => void): () => void {
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
