/** Functions and notifications of Weir's other services. */
import { type Caller, functionIn, invokeFunction, publishNotification } from '@weir/aws'
import { reasonOf } from '@weir/service/probe.ts'
import type { LambdaParameters, SnsParameters } from '../../actions/outside.ts'
import { type Answer, answerOf, type Receiver } from '../receiver.ts'

export function lambdaReceiver(
  options: Caller & { readonly enricherUrl: string },
): Receiver<LambdaParameters> {
  return {
    resource: ({ functionArn }) => functionArn,
    async send({ functionArn }, { payload }) {
      const name = functionIn(functionArn)
      if (name === undefined)
        return { verdict: 'failed', text: `${functionArn.slice(0, 200)} is not the ARN of a function.` }
      return answered(() => invokeFunction(options, name, payload))
    },
  }
}

export function snsReceiver(options: Caller & { readonly alerterUrl: string }): Receiver<SnsParameters> {
  return {
    resource: ({ targetArn }) => targetArn,
    send: ({ targetArn, messageFormat }, { payload }) =>
      answered(() =>
        publishNotification(options, {
          TargetArn: targetArn,
          Message: payload.toString(),
          ...(messageFormat === 'JSON' && { MessageStructure: 'json' }),
        }),
      ),
  }
}

async function answered(
  call: () => Promise<{ readonly status: number; readonly text: string }>,
): Promise<Answer> {
  try {
    const { status, text } = await call()
    return answerOf(status, text)
  } catch (error) {
    return { verdict: 'retry', text: `There was no answer: ${reasonOf(error as Error)}` }
  }
}
