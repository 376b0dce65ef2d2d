/** A value, key or expression that DynamoDB refuses. The message is the service's if that is known. */
export class ItemError extends Error {
  override readonly name = 'ItemError'
  readonly code = 'ValidationException'
}

const MAX_SHOWN = 100

/** Returns a text of a client for a message, with its end cut off if it is long. */
export function shown(text: string): string {
  return text.length <= MAX_SHOWN ? text : `${text.slice(0, MAX_SHOWN)}…`
}
