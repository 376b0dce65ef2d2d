/** WeirEscalation, an attribute of topics: to which topics an incident goes that nobody acknowledges. */
import { parseArn } from '@weir/aws'
import { integer, list, object, read, text } from '@weir/topics/shape.ts'
import { TOPIC_NAME, type Topic } from '../notifications/entries.ts'

export interface EscalationStep {
  /** After the incident was opened, or after the step before. */
  readonly afterSeconds: number
  /** The name of the topic that is told. */
  readonly topic: string
}

const MAX_STEPS = 10
const WEEK_SECONDS = 7 * 86_400

const shape = object({
  steps: list(
    object({ afterSeconds: integer({ min: 1, max: WEEK_SECONDS }), topicArn: text({ max: 400 }) }),
    { min: 1, max: MAX_STEPS },
  ),
})

/** Throws an error with a sentence if the text is no policy. */
export function parseEscalation(source: string): readonly EscalationStep[] {
  return read(shape, JSON.parse(source), 'refused').steps.map(({ afterSeconds, topicArn }, i) => {
    const arn = parseArn(topicArn)
    if (arn?.service !== 'sns' || !TOPIC_NAME.test(arn.resource))
      throw new Error(`steps[${i}].topicArn must be the ARN of a topic.`)
    return { afterSeconds, topic: arn.resource }
  })
}

/** The steps of a topic. A stored policy that this version does not accept has none. */
export function escalationOf(topic: Topic | undefined): readonly EscalationStep[] {
  const source = topic?.attributes.WeirEscalation
  if (!source) return []
  try {
    return parseEscalation(source)
  } catch {
    return []
  }
}

/** Returns a complaint in a sentence; the empty text takes the policy away. */
export function complaintAboutEscalation(source: string): string | undefined {
  if (source === '') return undefined
  try {
    parseEscalation(source)
    return undefined
  } catch (error) {
    return error instanceof SyntaxError ? 'failed to parse JSON.' : (error as Error).message
  }
}
