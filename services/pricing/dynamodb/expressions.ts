/** Checks and parses the expressions of requests. */
import { type AttributeValue, ItemError, Placeholders } from '@weir/items'
import { invalid } from './errors.ts'

export interface ExpressionInput {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>
  readonly ExpressionAttributeValues?: Readonly<Record<string, AttributeValue>>
}

/** Parses the expressions of a request. Throws for those that DynamoDB refuses. */
export function parsed<T>(input: ExpressionInput, parse: (placeholders: Placeholders) => T): T {
  return refusing(() => {
    const placeholders = new Placeholders(input.ExpressionAttributeNames, input.ExpressionAttributeValues)
    const expressions = parse(placeholders)
    placeholders.checkUsed()
    return expressions
  })
}

/** Errors about values are answers. */
export function refusing<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof ItemError) throw invalid(error.message)
    throw error
  }
}
