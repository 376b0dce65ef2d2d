/**
 * A pattern or a filter that cannot be used. The message is one sentence for whoever wrote it: where, what,
 * and what to write instead.
 */
export class PatternError extends Error {
  override readonly name = 'PatternError'
}
