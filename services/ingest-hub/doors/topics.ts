import type { Topic, TopicName } from '@weir/contracts'
import { topics } from '@weir/solutions'

/** The topics that accept records from outside through this door. */
export function topicsOfDoor(door: Topic['doors'][number]): TopicName[] {
  return (Object.keys(topics) as TopicName[]).filter((name) => topics[name].doors.includes(door))
}
