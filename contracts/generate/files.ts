/** The contents of all generated files, by name. */
import { parseSchema, type RecordNode } from '../avro.ts'
import { schemaOf } from '../load.ts'
import { type TopicName, topics } from '../topics.ts'
import { asyncApi } from './asyncapi.ts'
import { typesModule } from './types.ts'

export function generatedFiles(): Record<string, string> {
  const topicTypes = (Object.keys(topics) as TopicName[]).map((topic) => ({ topic, record: recordOf(topic) }))
  return {
    'types.ts': typesModule(topicTypes),
    'asyncapi.json': `${JSON.stringify(asyncApi(), null, 2)}\n`,
  }
}

function recordOf(topic: TopicName): RecordNode {
  const node = parseSchema(schemaOf(topic))
  if (node.kind !== 'record')
    throw new Error(
      `The value of ${topic} is ${node.kind}; it must be a record, so that fields can be added later.`,
    )
  return node
}
