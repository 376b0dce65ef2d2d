/** The action `kafka`: a record in a topic that clients may write to, as its contract describes it. */

import { HEADERS } from '@weir/contracts'
import { encodeHeaders, partitionFor } from '@weir/kafka'
import {
  encodeValue,
  KEY_TOO_LARGE,
  keys,
  MAX_AHEAD_MS,
  type Refusal,
  values,
  writeKey,
} from '../../intake/encoding.ts'
import type { IntakeTopic } from '../../intake/intake.ts'
import {
  ActionFailure,
  InvalidAction,
  optionalText,
  type Selected,
  type Text,
  textOf,
  withoutTemplates,
} from './action.ts'
import type { CompileAction } from './kind.ts'
import { recordId } from './record-id.ts'

interface KafkaInput {
  readonly topic: string
  readonly key?: string
  readonly partition?: string
  readonly headers?: readonly { readonly key: string; readonly value: string }[]
}

type Value = Readonly<Record<string, unknown>>

/** Bytes of all headers together. */
const MAX_HEADER_BYTES = 65_536
const STREAM = 'stream.'

export const kafkaAction: CompileAction = (input: KafkaInput, rule, { topics }) => {
  const isFixed = !input.topic.includes('$')
  if (isFixed) topicNamed(input.topic, topics, (message) => new InvalidAction(message))
  const topic = textOf(input.topic, 'topic', rule)
  const key = optionalText(input.key, 'key', rule)
  const partition = optionalText(input.partition, 'partition', rule)
  const headers = (input.headers ?? []).map(
    ({ key: name, value }, i) =>
      [textOf(name, `headers[${i}].key`, rule), textOf(value, `headers[${i}].value`, rule)] as const,
  )
  if (headers.length > 0 && input.headers!.some(({ key: name }) => isReserved(name)))
    throw new InvalidAction('The names of headers must not begin with weir-, which Weir keeps for its own.')
  let turn = 0
  return {
    resources: [withoutTemplates(input.topic)],
    begin(selected, out, number) {
      const name = topic(selected)
      const fail = (message: string) => new ActionFailure(name, message)
      const found = topicNamed(name, topics, fail)
      const value = valueOf(selected, found, fail)
      let keyEnd = 0
      let chosen = turn++ % found.partitions
      const keyText = found.key !== null ? String(value.decoded[found.key]) : key?.(selected)
      if (keyText !== undefined) {
        keyEnd = writeKey(keyText)
        if (keyEnd < 0) throw fail(KEY_TOO_LARGE)
        chosen = partitionFor(keys, 0, keyEnd, found.partitions)
      }
      if (partition !== undefined) {
        if (found.key !== null)
          throw fail(
            `The field ${found.key} of the values decides the partition of ${name}; leave partition out.`,
          )
        chosen = partitionIn(partition(selected), found, fail)
      }
      const id = recordId(selected, out, number)
      const common = out.headersOf(selected.message.fields.principal ?? '')
      const end = common.write(id)
      const own = headers.length === 0 ? undefined : ownHeaders(headers, selected, id, out.traceparent, fail)
      out.append(
        name,
        chosen,
        keyText === undefined ? null : keys,
        keyEnd,
        values,
        value.end,
        own ?? common.block,
        own?.length ?? end,
      )
    },
  }
}

type Fail = (message: string) => Error

function topicNamed(name: string, topics: ReadonlyMap<string, IntakeTopic>, fail: Fail): IntakeTopic {
  const found = topics.get(name)
  if (found !== undefined) return found
  if (name.startsWith(STREAM))
    throw fail(
      `The topic ${name} is a stream; write to it with the action kinesis, streamName ${name.slice(STREAM.length)}.`,
    )
  throw fail(
    `Rules may write only to topics of the table with a door for clients: ${[...topics.keys()].join(', ') || 'there are none'}. ${name.slice(0, 249)} is not one of them.`,
  )
}

/** Encodes the result of the rule to the shared buffer. */
function valueOf(
  { result, payload }: Selected,
  topic: IntakeTopic,
  fail: Fail,
): { readonly decoded: Value; readonly end: number } {
  const latest = Date.now() + MAX_AHEAD_MS
  const encoded = (value: unknown): number | Refusal =>
    isObject(value)
      ? encodeValue(topic, value, latest)
      : { code: 'not-an-object', field: 'value', message: 'The value must be an object.' }
  let decoded: unknown = result
  let end = encoded(decoded)
  if (typeof end === 'object' && isObject(decoded)) {
    // Numbers with more digits than JavaScript's are objects in results.
    decoded = JSON.parse(payload.toString())
    end = encoded(decoded)
  }
  if (typeof end === 'object')
    throw fail(`The result of the rule is no value of ${topic.name}. ${end.field}: ${end.message}`)
  return { decoded: decoded as Value, end }
}

function partitionIn(text: string, { name, partitions }: IntakeTopic, fail: Fail): number {
  const number = Number(text)
  if (!/^\d{1,9}$/.test(text) || number >= partitions)
    throw fail(`The partition is "${text.slice(0, 100)}"; ${name} has the partitions 0 to ${partitions - 1}.`)
  return number
}

/** The header block with the action's own headers besides the common ones. */
function ownHeaders(
  headers: readonly (readonly [name: Text, value: Text])[],
  selected: Selected,
  id: string,
  traceparent: string,
  fail: Fail,
): Buffer {
  const client = selected.message.fields.principal ?? ''
  const all: Record<string, string> = {
    [HEADERS.id]: id,
    [HEADERS.source]: client,
    [HEADERS.client]: client,
    traceparent,
  }
  for (const [name, value] of headers) {
    const text = name(selected)
    if (isReserved(text)) throw fail(`The header ${text.slice(0, 100)} is one of Weir's own.`)
    all[text] = value(selected)
  }
  const block = encodeHeaders(all)
  if (block.length > MAX_HEADER_BYTES) throw fail(`The headers have more than ${MAX_HEADER_BYTES} bytes.`)
  return block
}

const isReserved = (name: string): boolean => /^(weir-|traceparent$)/i.test(name)

function isObject(value: unknown): value is Value {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}
