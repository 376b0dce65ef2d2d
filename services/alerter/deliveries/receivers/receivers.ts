/** The receivers of all protocols, and the targets of dead letters. */
import type { Kafka, Producer } from '@weir/kafka'
import { kafkaTopicIn } from '../../notifications/kafka-endpoint.ts'
import type { Notifications } from '../../notifications/notifications.ts'
import type { Answer } from '../delivery.ts'
import type { MessageDelivery } from './body.ts'
import type { Channels } from './channels.ts'
import { firehoseReceiver } from './firehose.ts'
import { type HttpReceiverOptions, httpReceiver } from './http.ts'
import { kafkaReceiver, kafkaTopics } from './kafka.ts'
import { type KinesisReceiverOptions, kinesisReceiver } from './kinesis.ts'
import { type LambdaReceiverOptions, lambdaReceiver } from './lambda.ts'
import { mailReceiver } from './mail/receiver.ts'
import { pushReceiver } from './push.ts'
import type { Receivers } from './receiver.ts'
import { smsReceiver } from './sms.ts'
import { Queues, sendToQueue, sqsReceiver } from './sqs.ts'

export interface OpenedReceivers {
  readonly receivers: Receivers
  /**
   * Sends a message that was given up to the target of a redrive policy. Never rejects: what goes wrong is an
   * answer.
   */
  readonly deadLetter: (delivery: MessageDelivery, target: string) => Promise<Answer>
  /** Closes connections. */
  stop(): Promise<void>
}

export interface ReceiversOptions extends HttpReceiverOptions, LambdaReceiverOptions, KinesisReceiverOptions {
  readonly kafka: Kafka
  readonly producer: Producer
  readonly notifications: Notifications
  readonly channels: Channels
}

export function openReceivers(options: ReceiversOptions): OpenedReceivers {
  const { envelopes, channels } = options
  const queues = new Queues()
  const topics = kafkaTopics(options)
  const http = httpReceiver(options)
  const mail = mailReceiver(channels.mail, envelopes)
  return {
    receivers: {
      http,
      https: http,
      email: mail,
      'email-json': mail,
      sms: smsReceiver({ ...options, config: channels.sms }),
      application: pushReceiver({ ...options, config: channels.push }),
      lambda: lambdaReceiver(options),
      sqs: sqsReceiver(queues, envelopes),
      firehose: firehoseReceiver(envelopes),
      kinesis: kinesisReceiver(options),
      kafka: kafkaReceiver(topics),
    },
    deadLetter: (delivery, target) =>
      kafkaTopicIn(target) === undefined
        ? sendToQueue(queues, envelopes, delivery, target)
        : topics.send(target, delivery),
    stop: () => mail.stop(),
  }
}
