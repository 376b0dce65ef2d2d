/**
 * The contracts as an AsyncAPI 3.0 document: channels, messages, and what each service sends and receives.
 */

import type { AvroSchema } from '../avro.ts'
import { HEADERS } from '../headers.ts'
import { readSample, schemaOf } from '../load.ts'
import { topicConfigs } from '../topic-configs.ts'
import type { Topic, TopicTable } from '../topics.ts'

export function asyncApi(topics: TopicTable): Record<string, unknown> {
  const entries = Object.entries(topics)
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Weir',
      version: '1.0.0',
      description:
        "The messages of Weir's services on Kafka. Values are Avro in the Confluent framing: a zero byte, the schema's id in four bytes, the record.",
    },
    defaultContentType: 'application/vnd.apache.avro+binary',
    channels: Object.fromEntries(entries.map(([name, topic]) => [name, channel(name, topic)])),
    operations: Object.fromEntries(entries.flatMap(([name, topic]) => operations(name, topic))),
  }
}

function channel(name: string, topic: Topic): Record<string, unknown> {
  const schema = schemaOf(topic) as unknown as { name: string; doc?: string }
  return {
    address: name,
    description: topic.doc,
    messages: { [schema.name]: message(schema, topic) },
    bindings: {
      kafka: {
        topic: name,
        partitions: topic.partitions,
        topicConfiguration: topicConfiguration(topic),
        bindingVersion: '0.5.0',
      },
    },
  }
}

function message(schema: { name: string; doc?: string }, topic: Topic): Record<string, unknown> {
  const key =
    topic.key === null
      ? {}
      : {
          bindings: {
            kafka: {
              key: { type: 'string', description: `The value's ${topic.key}.` },
              bindingVersion: '0.5.0',
            },
          },
        }
  return {
    name: schema.name,
    summary: schema.doc,
    payload: {
      schemaFormat: 'application/vnd.apache.avro;version=1.11.0',
      schema: schema as unknown as AvroSchema,
    },
    headers: {
      type: 'object',
      properties: {
        [HEADERS.id]: { type: 'string', description: "The record's id, unchanged through every flow." },
      },
    },
    examples: [{ payload: readSample(topic.value) }],
    ...key,
  }
}

/** The AsyncAPI binding represents cleanup.policy as a list and retention.ms as a number. */
function topicConfiguration(topic: Topic): Record<string, unknown> {
  const configs = topicConfigs(topic)
  return {
    'cleanup.policy': [configs['cleanup.policy']],
    ...(configs['retention.ms'] === undefined ? {} : { 'retention.ms': Number(configs['retention.ms']) }),
    'max.message.bytes': Number(configs['max.message.bytes']),
  }
}

function operations(name: string, topic: Topic): [string, Record<string, unknown>][] {
  const operation = (service: string, action: 'send' | 'receive'): [string, Record<string, unknown>] => [
    `${service}.${action}.${name}`,
    {
      action,
      channel: { $ref: `#/channels/${name}` },
      tags: [{ name: service }],
    },
  ]
  return [
    ...topic.writers.map((service) => operation(service, 'send')),
    ...topic.readers.map((service) => operation(service, 'receive')),
  ]
}
