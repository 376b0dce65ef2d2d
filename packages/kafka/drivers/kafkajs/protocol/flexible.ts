/**
 * Puts requests that both drivers share (platformatic/protocol) into the shape that kafkajs' framing takes.
 * All of them are flexible.
 */
import { type API, type Connection, Reader, type ResponseParser, type Writer } from '@platformatic/kafka'
import type { ProtocolCall } from 'kafkajs/src/protocol/requests/index.js'
import { encoded } from './bytes.ts'

/** The end of a header without tagged fields. */
const NO_TAGS = Buffer.from([0])

export function flexible<A extends unknown[], R>(api: API<A, R>, ...args: A): ProtocolCall<R> {
  let call: ProtocolCall<R> | undefined
  const recorder = {
    send(apiKey: number, apiVersion: number, create: () => Writer, parse: ResponseParser<R>): void {
      const encode = async () => encoded(Buffer.concat([NO_TAGS, create().buffer]))
      const decode = async (payload: Buffer) => {
        const body = payload.subarray(NO_TAGS.length)
        return {
          clientSideThrottleTime: body.readInt32BE(0),
          answer: parse(0, apiKey, apiVersion, Reader.from(body)),
        }
      }
      const request = { apiKey, apiVersion, apiName: `request ${apiKey}`, encode }
      call = { request, response: { decode, parse: async ({ answer }) => answer }, logResponseError: false }
    },
  }
  void api.async(recorder as unknown as Connection, ...args) // never answered: it only records the request
  return call!
}
