import type { TopicName } from '@weir/contracts'
import { doorNames } from '@weir/contracts/topics.ts'
import { topics } from '@weir/solutions'

/** The topics that accept records from outside through this door. */
export function topicsOfDoor(door: 'http' | 'mqtt'): TopicName[] {
  return (Object.keys(topics) as TopicName[]).filter((name) => doorNames(topics[name]).includes(door))
}
