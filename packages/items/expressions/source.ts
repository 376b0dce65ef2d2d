/** The text of an expression, its limits and its errors. */
import { ItemError } from '../errors.ts'

/** The developer guide has these limits ("Quotas", expression parameters). */
export const MAX_EXPRESSION_BYTES = 4096
export const MAX_OPERATORS = 300
/** Levels of parentheses and calls; more than 300 operators could use. Bounds the recursion of all that follows. */
export const MAX_NESTING = 310

/** The parameters of requests that have expressions. */
export type Parameter =
  | 'ConditionExpression'
  | 'FilterExpression'
  | 'KeyConditionExpression'
  | 'ProjectionExpression'
  | 'UpdateExpression'

export class Source {
  readonly parameter: Parameter
  readonly text: string

  /** Throws ItemError for an empty text, and for one with more than 4,096 bytes. */
  constructor(parameter: Parameter, text: string) {
    this.parameter = parameter
    this.text = text
    if (text === '') throw this.refuse('The expression can not be empty;')
    const bytes = Buffer.byteLength(text)
    if (bytes > MAX_EXPRESSION_BYTES)
      throw this.refuse(`Expression size has exceeded the maximum allowed size; expression size: ${bytes}`)
  }

  refuse(reason: string): ItemError {
    return new ItemError(`Invalid ${this.parameter}: ${reason}`)
  }
}
