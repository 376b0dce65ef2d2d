/** Tags of streams and consumers, with the characters that Kinesis allows. */
import { MAX_TAGS, type Tags } from '@weir/aws'
import type { Kinesis } from './kinesis.ts'
import { invalidArgument } from './names.ts'

const FOREIGN = /[^À-῿Ⰰ-퟿\w./\-=+ @%:]/
const REFUSED =
  'Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @.'

/** @param existing the tags that the stream already has */
export function checkTags(tags: Tags, stream: string, kinesis: Kinesis, existing: Tags = {}): void {
  checkCharacters([...Object.keys(tags), ...Object.values(tags)], 'add tags to', stream, kinesis)
  if (new Set([...Object.keys(tags), ...Object.keys(existing)]).size > MAX_TAGS) {
    throw invalidArgument(
      `Failed to add tags to stream ${stream} under account ${kinesis.names.account.accountId} because a given stream cannot have more than 10 tags associated with it.`,
    )
  }
}

/** @param what the action in the error message: "add tags to" or "remove tags from" */
export function checkCharacters(
  texts: readonly string[],
  what: string,
  stream: string,
  { names }: Kinesis,
): void {
  if (texts.some((text) => FOREIGN.test(text))) throw invalidArgument(REFUSED)
  if (texts.some((text) => text.includes('%'))) {
    throw invalidArgument(
      `Failed to ${what} stream ${stream} under account ${names.account.accountId} because some tags contained illegal characters. ` +
        "The allowed characters are Unicode letters, white-spaces, '_',',','/','=','+','-','@'.",
    )
  }
}
