import { Misfit } from '@weir/topics/shape.ts'
import { RE2JS } from 're2js'

/** Compiles a pattern that takes linear time with every line. Throws a Misfit that names the member `at`. */
export function linearPattern(pattern: string, at: string): RE2JS {
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    throw new Misfit(at, `is not a pattern that can be used: ${(error as Error).message}`)
  }
}
