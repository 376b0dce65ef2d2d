/** The receivers of all protocols, and the dead-letter queues. */
import type { Answer, Delivery, StoredMessage } from '../delivery.ts'
import type { Channels } from './channels.ts'
import { type HttpReceiverOptions, httpReceiver } from './http.ts'
import { type LambdaReceiverOptions, lambdaReceiver } from './lambda.ts'
import { mailReceiver } from './mail/receiver.ts'
import type { Receivers } from './receiver.ts'
import { Queues, sendDeadLetter, sqsReceiver } from './sqs.ts'

export interface OpenedReceivers {
  readonly receivers: Receivers
  /** Sends a message that was given up to a queue. Never rejects: what goes wrong is an answer. */
  readonly deadLetter: (
    delivery: Delivery & { readonly message: StoredMessage },
    queueArn: string,
  ) => Promise<Answer>
  /** Closes connections. */
  stop(): Promise<void>
}

export interface ReceiversOptions extends HttpReceiverOptions, LambdaReceiverOptions {
  readonly channels: Channels
}

export function openReceivers(options: ReceiversOptions): OpenedReceivers {
  const { envelopes } = options
  const mail = mailReceiver(options.channels.mail, envelopes)
  const queues = new Queues()
  const http = httpReceiver(options)
  return {
    receivers: {
      http,
      https: http,
      email: mail,
      'email-json': mail,
      lambda: lambdaReceiver(options),
      sqs: sqsReceiver(queues, envelopes),
    },
    deadLetter: (delivery, queueArn) => sendDeadLetter(queues, envelopes, delivery, queueArn),
    stop: () => mail.stop(),
  }
}
