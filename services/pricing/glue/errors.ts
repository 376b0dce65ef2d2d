/** Glue's errors. Its serializers compare some of the texts. */
import { AwsError } from '@weir/aws'

export const invalid = (text: string): AwsError => new AwsError('InvalidInputException', text)

export const notFound = (text: string): AwsError => new AwsError('EntityNotFoundException', text)

/** @param problem a sentence for the log of the client, which repeats the request */
export const failed = (problem: string): AwsError => new AwsError('InternalServiceException', problem, 500)
