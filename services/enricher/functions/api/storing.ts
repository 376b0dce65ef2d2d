/** Changes to the control log that are requested through the API. */
import { AwsError } from '@weir/aws'
import { KafkaError } from '@weir/kafka'

/** A change that the broker cannot accept now is reported as the service's failure, so clients retry it. */
export async function stored(change: Promise<void>): Promise<void> {
  try {
    await change
  } catch (error) {
    if (error instanceof KafkaError)
      throw new AwsError(
        'ServiceException',
        `It is unknown whether the change was stored: ${error.message}`,
        500,
      )
    throw error
  }
}

/** Throws PreconditionFailedException if the caller decided by an older revision. */
export function checkRevision(asked: string | undefined, current: string): void {
  if (asked === undefined || asked === current) return
  throw new AwsError(
    'PreconditionFailedException',
    'The Revision Id provided does not match the latest Revision Id. ' +
      'Call the GetFunction/GetAlias API to retrieve the latest Revision Id',
    412,
  )
}
