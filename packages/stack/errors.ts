/**
 * An error that the user can fix: its message is one sentence with the remedy, printed without a stack trace.
 */
export class StackError extends Error {
  override readonly name = 'StackError'
}
