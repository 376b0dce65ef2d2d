import 'vitest'

declare module 'vitest' {
  interface ProvidedContext {
    /** Whether unit tests have more or larger cases: false for `npm run test:unit`, true for `npm run test:faults`. */
    readonly thorough: boolean
  }
}
