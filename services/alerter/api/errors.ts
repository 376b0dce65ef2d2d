/** SNS's errors, with its texts. The protocol gives them the codes of the model. */
import { AwsError } from '@weir/aws'

/** @param text what SNS writes after "Invalid parameter: " */
export function invalidParameter(text: string): AwsError {
  return new AwsError('InvalidParameterException', `Invalid parameter: ${text}`)
}

/** An error about the value of a parameter that holds several, such as Attributes. */
export function invalidValue(parameter: string, reason: string): AwsError {
  return invalidParameter(`${parameter} Reason: ${reason}`)
}

/** The error for attributes of messages. */
export function invalidMessageAttribute(text: string): AwsError {
  return new AwsError('InvalidParameterValueException', text)
}

/** The errors about SMS, which have no prefix. */
export function invalidSmsParameter(text: string): AwsError {
  return new AwsError('InvalidParameterException', text)
}

export const noApplication = (): AwsError =>
  new AwsError('NotFoundException', 'PlatformApplication does not exist', 404)

export const noEndpoint = (): AwsError => new AwsError('NotFoundException', 'Endpoint does not exist', 404)

export const noTopic = (): AwsError => new AwsError('NotFoundException', 'Topic does not exist', 404)

export const noSubscription = (): AwsError =>
  new AwsError('NotFoundException', 'Subscription does not exist', 404)
