/**
 * SQL or a template that cannot be used. The message is one sentence for its author, with the place of the
 * problem.
 */
export class SqlError extends Error {
  override readonly name = 'SqlError'
  /** Starts at 1. */
  readonly line: number
  /** In UTF-16 code units; starts at 1. */
  readonly column: number

  constructor(message: string, line: number, column: number) {
    super(message)
    this.line = line
    this.column = column
  }
}

/** A filter or a topic that MQTT or AWS does not allow. The message is one sentence. */
export class TopicError extends Error {
  override readonly name = 'TopicError'
}

/** The evaluation took too many steps. Its result is not known. */
export class TooMuchWork extends Error {
  override readonly name = 'TooMuchWork'
}
