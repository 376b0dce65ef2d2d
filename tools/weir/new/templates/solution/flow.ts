import { dead, type Source, step, flow as steps } from '@weir/flow'
import type { FlowDeps } from '../solution.ts'
import type { ExampleThingChecked, ExampleThingReceived } from './generated/types.ts'

/** The most that a sensor's clock may be ahead; a time further ahead is not believed. */
const MAX_AHEAD_MS = 5 * 60_000
const HIGH = 30

export const flow = (deps: FlowDeps) =>
  steps<number, Source>()
    .step(deps.once())
    .step(deps.decode)
    .step(refuseAhead(deps.now))
    .step(markHigh)
    .publish('example-thing.checked')

/** Refuses times ahead of the clock: they are the sensor's fault, and no retry helps. */
export const refuseAhead = (now: () => number) =>
  step('refuse-ahead', (reading: ExampleThingReceived) =>
    reading.eventTime > now() + MAX_AHEAD_MS
      ? dead('invalid', `eventTime: ${reading.eventTime} is more than 5 minutes ahead`)
      : reading,
  )

export const markHigh = step(
  'mark-high',
  (reading: ExampleThingReceived): ExampleThingChecked => ({ ...reading, isHigh: reading.value > HIGH }),
)
