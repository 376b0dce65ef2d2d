/** The receivers of all protocols, and the dead-letter queues. */
import type { Answer, Delivery, StoredMessage } from '../delivery.ts'
import { type HttpReceiverOptions, httpReceiver } from './http.ts'
import { type LambdaReceiverOptions, lambdaReceiver } from './lambda.ts'
import type { Receivers } from './receiver.ts'
import { Queues, sendDeadLetter, sqsReceiver } from './sqs.ts'

export interface OpenedReceivers {
  readonly receivers: Receivers
  /** Sends a message that was given up to a queue. Never rejects: what goes wrong is an answer. */
  readonly deadLetter: (
    delivery: Delivery & { readonly message: StoredMessage },
    queueArn: string,
  ) => Promise<Answer>
}

export function openReceivers(options: HttpReceiverOptions & LambdaReceiverOptions): OpenedReceivers {
  const { envelopes } = options
  const queues = new Queues()
  const http = httpReceiver(options)
  return {
    receivers: { http, https: http, lambda: lambdaReceiver(options), sqs: sqsReceiver(queues, envelopes) },
    deadLetter: (delivery, queueArn) => sendDeadLetter(queues, envelopes, delivery, queueArn),
  }
}
