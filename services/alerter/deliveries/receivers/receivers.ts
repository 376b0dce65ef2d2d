/** The receivers of all protocols. */
import type { Answer } from '../delivery.ts'
import { HTTP_POLICY } from '../schedule.ts'
import { type HttpReceiverOptions, httpReceiver } from './http.ts'
import type { Receiver, Receivers } from './receiver.ts'

export function openReceivers(options: HttpReceiverOptions): Receivers {
  const http = httpReceiver(options)
  const none = unsupported()
  return {
    http,
    https: http,
    email: none,
    'email-json': none,
    sms: none,
    sqs: none,
    application: none,
    lambda: none,
    firehose: none,
    kinesis: none,
    kafka: none,
  }
}

/** A protocol that this version does not deliver by. */
function unsupported(): Receiver {
  const answer: Answer = {
    verdict: 'dead',
    status: 'unsupported',
    text: 'This version does not deliver by this protocol.',
  }
  return { deliver: async () => answer, terms: () => ({ policy: HTTP_POLICY, maxPerSecond: undefined }) }
}
