/** Generates the modules with the types of the topics' values, from the topics and their contracts. */
import { parseSchema, type RecordNode } from '../avro.ts'
import { pathOf, readContract } from '../load.ts'
import { platformTopics } from '../platform-topics.ts'
import { DEAD_LETTER, DETECTOR_STATES, FINDING, STATE_ERASURE, type TopicTable } from '../topics.ts'
import { platformTypes, solutionTypes, type TopicType } from './types.ts'

const PLATFORM = new URL('../', import.meta.url)

export function platformTypesFile(): string {
  return platformTypes(typesOf(platformTopics), others())
}

/** @param folder the solution's, with the contracts of its topics */
export function solutionTypesFile(folder: URL, topics: TopicTable): string {
  for (const [name, { value }] of Object.entries(topics)) {
    if (![folder, PLATFORM].some(({ href }) => value.href.startsWith(href)))
      throw new Error(
        `The contract of ${name}, ${pathOf(value)}, belongs to another solution; put it into this solution's folder.`,
      )
  }
  const platform = [...others(), ...typesOf(platformTopics).map(({ record }) => record)]
  return solutionTypes(typesOf(topics), platform)
}

const typesOf = (topics: TopicTable): TopicType[] =>
  Object.entries(topics).map(([topic, { value }]) => ({ topic, record: recordOf(topic, value) }))

/** Records for which only solutions have topics. */
const others = (): RecordNode[] =>
  [DEAD_LETTER, FINDING, DETECTOR_STATES, STATE_ERASURE].map((contract) =>
    recordOf(contract.pathname, contract),
  )

function recordOf(topic: string, contract: URL): RecordNode {
  const node = parseSchema(readContract(contract))
  if (node.kind !== 'record')
    throw new Error(
      `The value of ${topic} is ${node.kind}; it must be a record, so that fields can be added later.`,
    )
  return node
}
