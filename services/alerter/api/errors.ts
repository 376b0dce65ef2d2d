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

export const noTopic = (): AwsError => new AwsError('NotFoundException', 'Topic does not exist', 404)

export const noSubscription = (): AwsError =>
  new AwsError('NotFoundException', 'Subscription does not exist', 404)
