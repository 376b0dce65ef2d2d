/** Parses and matches filter policies as their users do. */
import type { MessageAttribute } from '../attributes.ts'
import { parseFilterPolicy } from '../filter-policy.ts'

export const text = (value: string): MessageAttribute => ({ DataType: 'String', StringValue: value })
export const number = (value: string): MessageAttribute => ({ DataType: 'Number', StringValue: value })
export const array = (value: unknown): MessageAttribute => ({
  DataType: 'String.Array',
  StringValue: JSON.stringify(value),
})

export const matchesAttributes = (policy: unknown, attributes: Record<string, MessageAttribute>): boolean =>
  parseFilterPolicy(JSON.stringify(policy), 'MessageAttributes').matchesAttributes(attributes)

export const matchesBody = (policy: unknown, body: unknown): boolean =>
  parseFilterPolicy(JSON.stringify(policy), 'MessageBody').matchesBody(body)
