/** The dead-letter topics of all solutions, and the topics that their dead letters came from. */
import { DEAD_LETTER, type DeadLetterTopic, type TopicName } from '@weir/contracts'
import { consumers, topics } from './index.ts'

export const deadLetterTopics = (): DeadLetterTopic[] =>
  (Object.keys(topics) as TopicName[]).filter(
    (name): name is DeadLetterTopic => topics[name].value === DEAD_LETTER,
  )

/**
 * The topics whose failed records end in a dead-letter topic: the sources of the flows, stages and sinks that use it.
 * Dead letters go back only to these. A dead letter names its own origin, and on a broker without logins
 * anybody can write one.
 */
export function originsOf(topic: DeadLetterTopic): ReadonlySet<string> {
  return new Set(consumers.filter(({ deadLetter }) => deadLetter === topic).map(({ source }) => source))
}
