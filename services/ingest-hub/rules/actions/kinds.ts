/** All kinds of actions that rules may have. */
import { iotModel } from '@weir/aws'
import type { Rule } from '@weir/iot-sql'
import { type ActionInput, InvalidAction } from './action.ts'
import { kafkaAction } from './kafka.ts'
import type { ActionDeps, CompileAction, CompiledAction } from './kind.ts'
import { kinesisAction } from './kinesis.ts'
import {
  dynamoDbV2Action,
  firehoseAction,
  httpAction,
  lambdaAction,
  s3Action,
  snsAction,
  sqsAction,
} from './outside.ts'
import { republishAction } from './republish.ts'

const KINDS: Readonly<Record<string, CompileAction>> = {
  kafka: kafkaAction,
  kinesis: kinesisAction,
  republish: republishAction,
  lambda: lambdaAction,
  sns: snsAction,
  sqs: sqsAction,
  http: httpAction,
  firehose: firehoseAction,
  s3: s3Action,
  dynamoDBv2: dynamoDbV2Action,
}

/** The kinds of AWS IoT that Weir does not have. */
export const REFUSED_KINDS: readonly string[] = Object.keys(
  (iotModel.shapes.Action as { members: Readonly<Record<string, string>> }).members,
).filter((kind) => !Object.hasOwn(KINDS, kind))

/** Throws InvalidAction, with the place of the action in front. */
export function compileAction(
  input: ActionInput,
  place: string,
  rule: Rule,
  deps: ActionDeps,
): CompiledAction {
  const kinds = Object.keys(input).filter((kind) => input[kind] !== undefined)
  if (kinds.length !== 1)
    throw new InvalidAction(
      `${place}: an action must have exactly one kind, and this one has ${kinds.length}.`,
    )
  const [kind] = kinds
  if (!Object.hasOwn(KINDS, kind))
    throw new InvalidAction(
      `${place}.${kind}: Weir does not have this action; there are ${Object.keys(KINDS).join(', ')}.`,
    )
  try {
    return { kind, ...KINDS[kind](input[kind], rule, deps) }
  } catch (error) {
    if (error instanceof InvalidAction) throw new InvalidAction(`${place}.${kind}.${error.message}`)
    throw error
  }
}
