/** The receivers of all kinds of actions that leave Weir's own Kafka. */
import type { Caller } from '@weir/aws'
import type { Egress } from '@weir/egress'
import type { OutsideParameters } from '../../actions/outside.ts'
import type { RuleSet } from '../../rule-set.ts'
import type { Receiver } from '../receiver.ts'
import { dynamoReceiver, firehoseReceiver, s3Receiver, sqsReceiver } from './aws.ts'
import { httpReceiver } from './http.ts'
import { lambdaReceiver, snsReceiver } from './services.ts'

export type Receivers = { readonly [K in keyof OutsideParameters]: Receiver<OutsideParameters[K]> }

export interface ReceiversOptions extends Caller {
  readonly egress: Egress
  readonly rules: Pick<RuleSet, 'destinations'>
  readonly enricherUrl: string
  readonly alerterUrl: string
}

export function receiversOf(options: ReceiversOptions): Receivers {
  const { region, egress, rules } = options
  return {
    lambda: lambdaReceiver(options),
    sns: snsReceiver(options),
    http: httpReceiver(egress, rules),
    sqs: sqsReceiver(region),
    s3: s3Receiver(region),
    dynamoDBv2: dynamoReceiver(region),
    firehose: firehoseReceiver(region),
  }
}
