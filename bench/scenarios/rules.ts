/** Rules over messages of devices: evaluations per CPU-second, the making of the messages included. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Context } from '../context.ts'
import { startNode } from '../processes.ts'
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

async function evaluated({ env }: Context, KIND: string, messages: number): Promise<Figure> {
  const folder = mkdtempSync(join(tmpdir(), 'weir-bench-rules-'))
  const RESULT = join(folder, 'figure.json')
  try {
    const code = await startNode(file, { ...env, KIND, RESULT, MESSAGES: String(messages) }).exited
    if (code !== 0) throw new Error(`The rules engine ended with code ${code}.`)
    return JSON.parse(readFileSync(RESULT, 'utf8')) as Figure
  } finally {
    rmSync(folder, { recursive: true })
  }
}
