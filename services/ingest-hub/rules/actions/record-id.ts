/** The ids of what rules make: those of messages, with the rule and the number of the action. */
import type { Output } from '../output.ts'
import type { Selected } from './action.ts'

/** The user property by which a device names its message; repeated messages then have repeated ids. */
export const ID_PROPERTY = 'weir-id'
/** An id has 128 characters, of which the rule and the action take 13. */
const ID = /^[\x21-\x7e]{1,115}$/
const RULE_CHARACTERS = 8

/** Returns the id that the sender gave the message, if it is a valid one. */
export function givenId({ message }: Selected): string | undefined {
  const given = message.fields.properties?.user?.find(([name]) => name === ID_PROPERTY)?.[1]
  return given !== undefined && ID.test(given) ? given : undefined
}

export function recordId(selected: Selected, out: Output, number: number): string {
  return derivedId(givenId(selected) ?? out.newId(), selected, number)
}

export function derivedId(id: string, { rule }: Selected, number: number): string {
  return `${id}.${rule.id.slice(0, RULE_CHARACTERS)}.${number}`
}
