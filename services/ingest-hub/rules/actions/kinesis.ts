/** The action `kinesis`: a record in a stream of Weir. */
import { randomUUID } from 'node:crypto'
import { streamArn } from '@weir/aws'
import { ActionFailure, optionalText, textOf, withoutTemplates } from './action.ts'
import type { CompileAction } from './kind.ts'
import { recordId } from './record-id.ts'

interface KinesisInput {
  readonly streamName: string
  readonly partitionKey?: string
}

/** Model of Kinesis, PartitionKey. */
const MAX_KEY_LENGTH = 256

export const kinesisAction: CompileAction = (input: KinesisInput, rule, { account, streams }) => {
  const streamName = textOf(input.streamName, 'streamName', rule)
  const partitionKey = optionalText(input.partitionKey, 'partitionKey', rule)
  return {
    resources: [streamArn(account, withoutTemplates(input.streamName))],
    begin(selected, out, number) {
      const name = streamName(selected)
      const found = streams.get(name)?.stream
      if (found === undefined || found.status === 'CREATING' || found.status === 'DELETING')
        throw new ActionFailure(name, `Stream ${name} does not exist.`)
      const key = partitionKey === undefined ? randomUUID() : partitionKey(selected)
      if (key.length === 0 || key.length > MAX_KEY_LENGTH)
        throw new ActionFailure(
          name,
          `The partition key must have 1 to ${MAX_KEY_LENGTH} characters, and has ${key.length}.`,
        )
      if (selected.payload.length > found.maxRecordKiB * 1024)
        throw new ActionFailure(
          name,
          `The record has ${selected.payload.length} bytes; the stream takes ${found.maxRecordKiB} KiB.`,
        )
      out.put(
        name,
        selected.payload,
        key,
        recordId(selected, out, number),
        selected.message.fields.principal ?? '',
      )
    },
  }
}
