/** The content of an object, as a reader wants it: inflated, cut, and harmless on a terminal. */
import { StringDecoder } from 'node:string_decoder'
import { InflateError, inflated } from '@weir/service/inflate.ts'
import { Refused } from '../command.ts'
import { plainLine, plainLines } from '../terminal/plain.ts'
import { type Address, addressOf } from './address.ts'

/** Inflates objects whose keys end in .gz. */
export async function* contentOf(address: Address, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  if (!address.key.endsWith('.gz')) return yield* bytes
  try {
    yield* inflated(bytes, 'gzip')
  } catch (error) {
    if (!(error instanceof InflateError)) throw error
    throw new Refused(`${plainLine(addressOf(address))} ${error.message}.`)
  }
}

/** Throws Refused after `maxBytes`, when there are more. */
export async function* atMost(maxBytes: number, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = maxBytes
  for await (const chunk of bytes) {
    if (chunk.length > left) {
      yield chunk.subarray(0, left)
      throw new Refused(`The output ends after ${maxBytes / 2 ** 20} MiB; --max-mb allows more.`)
    }
    left -= chunk.length
    yield chunk
  }
}

/** Ends after a number of lines. */
export async function* firstLines(count: number, bytes: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let left = count
  for await (const chunk of bytes) {
    let end = 0
    while (left > 0 && end < chunk.length) {
      const lineEnd = chunk.indexOf(10, end)
      end = lineEnd === -1 ? chunk.length : lineEnd + 1
      if (lineEnd !== -1) left--
    }
    yield chunk.subarray(0, end)
    if (left === 0) return
  }
}

/** Text in which a terminal has nothing to obey. */
export async function* harmless(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8')
  for await (const chunk of bytes) yield plainLines(decoder.write(chunk))
  yield plainLines(decoder.end())
}
