import { type Context, Message, type MessageFields, parseRule, type SqlVersion, toBytes } from '../index.ts'

export const CONTEXT: Context = { accountId: '123456789012', nowMs: 1481825251155 }

/** A message with a payload of JSON, or with the bytes of a text. */
export function message(payload: unknown, fields: Partial<MessageFields> = {}): Message {
  const text = typeof payload === 'string' ? payload : JSON.stringify(payload)
  return new Message({ topic: 'topic/subtopic', payload: Buffer.from(text), ...fields })
}

/** The text of the payload that a rule makes, or the reason why it makes none. */
export function run(sql: string, from: Message, version: SqlVersion = '2016-03-23'): string {
  const result = parseRule(sql, version).evaluate(from, CONTEXT)
  return result.matched ? toBytes(result.payload).toString() : result.why
}

/** The value of an expression as JSON. Undefined if it is Undefined. */
export function evaluate(
  expression: string,
  payload: unknown = {},
  version: SqlVersion = '2016-03-23',
): string | undefined {
  const text = run(`SELECT (${expression}) AS x FROM 'a'`, message(payload), version)
  return text === '{}' ? undefined : text.slice('{"x":'.length, -1)
}
