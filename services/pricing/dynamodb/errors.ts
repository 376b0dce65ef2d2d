/** DynamoDB's errors, with its texts. */
import { AwsError } from '@weir/aws'

export const invalid = (text: string): AwsError => new AwsError('ValidationException', text)

/** @param text what DynamoDB writes after "One or more parameter values were invalid: " */
export const invalidValue = (text: string): AwsError =>
  invalid(`One or more parameter values were invalid: ${text}`)

export const noTable = (name?: string): AwsError =>
  new AwsError(
    'ResourceNotFoundException',
    name === undefined
      ? 'Requested resource not found'
      : `Requested resource not found: Table: ${name} not found`,
  )

/** The error for a request whose outcome is unknown. SDKs repeat it. */
export const noOutcome = (reason: string): AwsError => new AwsError('InternalServerError', reason, 500)
