/**
 * Something the person at the keyboard can mend: its message is one sentence with the remedy, and is printed
 * without a stack.
 */
export class StackError extends Error {
  override readonly name = 'StackError'
}
