/** Shared by the tests of commands. */
import { vi } from 'vitest'

/** Hands over what is printed instead of printing it, until `vi.restoreAllMocks()`. */
export function captureOutput(onStdout: (text: string) => void, onStderr: (text: string) => void): void {
  for (const [stream, take] of [
    [process.stdout, onStdout],
    [process.stderr, onStderr],
  ] as const)
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      take(String(text))
      return true
    })
}
