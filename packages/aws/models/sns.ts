/** The model of SNS, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

/**
 * The operations that receivers of messages call without a signature, by links in the messages. Such a link does
 * not name a version either.
 */
export const UNSIGNED_SNS_OPERATIONS: readonly string[] = ['ConfirmSubscription', 'Unsubscribe']

/** Members that SNS misses later than the others, and with texts of its own. */
const CHECKED_LATER: Readonly<Record<string, string>> = {
  UnsubscribeInput: 'SubscriptionArn',
  SetPlatformApplicationAttributesInput: 'Attributes',
  SetEndpointAttributesInput: 'Attributes',
}

export const snsModel = withoutChecks(
  JSON.parse(readFileSync(new URL('sns.json', import.meta.url), 'utf8')) as Model,
)

function withoutChecks(model: Model): Model {
  const shapes = { ...model.shapes }
  for (const [name, member] of Object.entries(CHECKED_LATER)) {
    const shape = shapes[name]
    if (shape.type !== 'structure') throw new Error(`The model of SNS does not have the structure ${name}.`)
    shapes[name] = { ...shape, required: shape.required?.filter((one) => one !== member) }
  }
  return { ...model, shapes }
}
