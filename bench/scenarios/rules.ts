/** Rules over messages of devices: evaluations per CPU-second, the making of the messages included. */
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { resultOf, startNode } from '../processes.ts'
import type { Figure } from '../report.ts'

const file = fileURLToPath(new URL('../rules-engine.ts', import.meta.url))

export const rules = (messages: number) => ({
  title: 'A rule with three expressions and a condition, for each message',
  contenders: {
    'the condition is false': (context: Context) => evaluated(context, 'other', messages),
    'it is true, without an action': (context: Context) => evaluated(context, 'engine', messages),
    'each result → a stream, acks=all': (context: Context) => evaluated(context, 'stream', messages),
  },
})

const evaluated = ({ env }: Context, KIND: string, messages: number): Promise<Figure> =>
  resultOf((RESULT) => startNode(file, { ...env, KIND, RESULT, MESSAGES: String(messages) }))
