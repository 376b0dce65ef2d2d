/** Secrets at rest are hashes; comparing takes the same time wherever the first difference is. */
import { hash, timingSafeEqual } from 'node:crypto'

/** SHA-256 of the text. Right for keys drawn at random (128 bits and more); passwords that people choose need a slow hash. */
export function sha256(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

/** A text that is shown, with the passwords of its URLs left out. */
export function withoutPasswords(text: string): string {
  return text.replace(/\/\/([^/@\s]*):[^/@\s]*@/g, '//$1:********@')
}

/** Whether two hashes are equal, in constant time for hashes of the same length. */
export function sameHash(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b)
}
