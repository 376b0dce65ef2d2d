/** One suite for all drivers: a case that passes for one of them must pass for all. */
import { describe, onTestFinished, test } from 'vitest'
import type { KafkaConfig } from '../config.ts'
import { type Kafka, openKafka } from '../index.ts'
import { configOf, nameOf, VARIANTS, type Variant } from './variant.ts'

export type CleanUp = () => Promise<unknown> | void

/** WEIR_FAULTS=long makes the loads under faults this many times as long as in a quick run. */
export const LONGER = process.env.WEIR_FAULTS === 'long' ? 10 : 1
/** Milliseconds. */
const TOGETHER_TIMEOUT_MS = 180_000 * LONGER

const afterThisTest = (cleanUp: CleanUp): void => onTestFinished(async () => void (await cleanUp()))

const named = VARIANTS.map((variant) => ({ name: nameOf(variant), variant }))

/** Declares the cases once for each variant; `vitest -t kafkajs/classic` runs those of one. */
export function describeDriver(title: string, cases: (variant: Variant) => void): void {
  describe.each(named)(`${title} ($name)`, ({ variant }) => cases(variant))
}

/**
 * For a case that mostly waits: it runs for all variants concurrently. The functions given to `after` run
 * when it is over.
 */
export function testTogether(
  title: string,
  run: (variant: Variant, after: (cleanUp: CleanUp) => void) => Promise<void>,
): void {
  test.concurrent.for(named)(
    `${title} ($name)`,
    { timeout: TOGETHER_TIMEOUT_MS },
    async ({ variant }, { onTestFinished: after }) =>
      run(variant, (cleanUp) => after(async () => void (await cleanUp()))),
  )
}

/** Opens a client, which is stopped when the test ends. */
export async function open(
  variant: Variant,
  brokers: readonly string[],
  changes: Partial<KafkaConfig> = {},
  after = afterThisTest,
): Promise<Kafka> {
  const { value, stop } = await openKafka(configOf(variant, brokers, changes))
  after(stop)
  return value
}
