/** Rules for messages of devices: what they are, how they run, and their API. */
import type { Account, Api, AwsCredentials } from '@weir/aws'
import type { Codec } from '@weir/codec'
import type { Egress } from '@weir/egress'
import type { Kafka } from '@weir/kafka'
import { type Logger, type Resource, stage } from '@weir/service'
import type { DeviceMessages } from '../devices/message.ts'
import type { KinesisApi } from '../doors/kinesis/open.ts'
import type { Intake } from '../intake/intake.ts'
import type { ActionDeps } from './actions/kind.ts'
import { openActionsTopic } from './actions-topic.ts'
import { iotApi } from './api/iot-api.ts'
import { openConfirmations } from './confirmations.ts'
import { Engine } from './engine.ts'
import { openExecution } from './execution/execution.ts'
import type { OutputOptions } from './output.ts'
import { openRuleSet } from './rule-set.ts'

export interface Rules {
  readonly api: Api
  /** Runs the rules over messages, as DeviceMessages.publish describes it. */
  readonly run: DeviceMessages['publish']
  /** Where republished messages go. It must be called before rules run. */
  publishTo(messages: DeviceMessages): void
  ready(): boolean
}

export interface RulesOptions {
  readonly account: Account
  readonly codec: Codec
  readonly egress: Egress
  readonly intake: Intake
  readonly kafka: Kafka
  readonly kinesis: Pick<KinesisApi, 'streams' | 'writer'>
  readonly publicUrl: string
  readonly enricherUrl: string
  readonly alerterUrl: string
  /** The access key with which functions are invoked and notifications published; undefined: not signed. */
  readonly credentials: AwsCredentials | undefined
  readonly log: Logger
}

export async function openRules(options: RulesOptions): Promise<Resource<Rules>> {
  const { account, codec, egress, intake, kafka, kinesis, publicUrl, log } = options
  const actions: ActionDeps = {
    account,
    topics: new Map(intake.topics.map((topic) => [topic.name, topic])),
    streams: kinesis.streams,
  }
  const topic = await openActionsTopic(kafka, codec)
  const rules = await openRuleSet({ ...actions, kafka, codec, log })
  const confirmations = openConfirmations({ account, rules: rules.value, egress, publicUrl, log })
  let messages: DeviceMessages | undefined
  const output = (): OutputOptions => ({
    producer: intake.producer,
    streams: kinesis.writer,
    actions: topic,
    publish: (batch) => messages!.publish(batch),
  })
  const engine = new Engine({
    accountId: account.accountId,
    rules: rules.value,
    output,
    counts: stage('ingest-hub.rules'),
    log,
  })
  const stopExecution = await openExecution({ ...options, engine, output, rules: rules.value })
  return {
    value: {
      api: iotApi({ account, rules: rules.value, actions, confirmations: confirmations.value, publicUrl }),
      run: engine.run,
      publishTo: (others) => {
        messages = others
      },
      ready: () => rules.value.ready(),
    },
    stopping: () => confirmations.stop?.(0),
    stop: async (drainMs) => {
      await stopExecution(drainMs)
      await rules.stop?.(drainMs)
    },
  }
}
