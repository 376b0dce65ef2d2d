/** Shared by the tests of commands. */
import { afterAll, beforeAll, beforeEach, vi } from 'vitest'

export interface Printed {
  /** What commands have written for programs. */
  out: string
  /** What they have told people. */
  said: string
}

/**
 * Keeps what commands print, instead of printing it, while the tests of the file run. Each test begins with nothing. Also
 * ends the mocks and the variables of the file.
 */
export function captureOutput(): Printed {
  const printed: Printed = { out: '', said: '' }
  beforeAll(() => {
    for (const [stream, name] of [
      [process.stdout, 'out'],
      [process.stderr, 'said'],
    ] as const)
      vi.spyOn(stream, 'write').mockImplementation((text) => {
        printed[name] += String(text)
        return true
      })
  })
  beforeEach(() => {
    printed.out = printed.said = ''
  })
  afterAll(() => {
    vi.restoreAllMocks()
    vi.unstubAllEnvs()
  })
  return printed
}
