/** The errors of AWS IoT, by the names of its model. */
import { AwsError } from '@weir/aws'

export const invalidRequest = (message: string): AwsError => new AwsError('InvalidRequestException', message)

export const sqlParseError = (message: string): AwsError => new AwsError('SqlParseException', message)

export const alreadyExists = (message: string, resourceArn: string, resourceId: string): AwsError =>
  new AwsError('ResourceAlreadyExistsException', message, 409, { resourceArn, resourceId })

export const limitExceeded = (message: string): AwsError =>
  new AwsError('LimitExceededException', message, 410)

/** AWS answers with UnauthorizedException where a rule or a destination does not exist. */
export const notFound = (message: string): AwsError => new AwsError('ResourceNotFoundException', message, 404)
