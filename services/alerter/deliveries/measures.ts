/** Counts the outcomes of deliveries, as /metrics and the pages show them. */
import { Counter, Gauge, metrics, stage } from '@weir/service'
import { PROTOCOLS } from '../notifications/entries.ts'
import type { AttemptLog } from './attempts.ts'
import type { Outcome } from './delivery.ts'
import { WaitingBoard } from './waiting-board.ts'

/** The name of the stage in weir.stats. */
const STAGE = 'alerter.deliveries'
const LAG_MS = 1000

const deliveries = new Counter({
  name: 'weir_notification_deliveries_total',
  help:
    'Attempts to deliver notifications by their outcome. Failed ones are attempted again, held ones wait for the ' +
    'end of quiet hours, dead-lettered ones are in their dead-letter queue, and dead ones are lost.',
  labelNames: ['protocol', 'outcome'],
  registers: [metrics],
})
const board = new WaitingBoard()
new Gauge({
  name: 'weir_notification_failing_subscriptions',
  help: 'Subscriptions with deliveries of this replica that failed and wait for another attempt.',
  registers: [metrics],
  collect() {
    this.set(board.look(Date.now()).subscriptions)
  },
})
new Gauge({
  name: 'weir_notification_oldest_waiting_seconds',
  help: 'The age of the oldest message of this replica whose delivery failed and waits for another attempt.',
  registers: [metrics],
  collect() {
    this.set(board.look(Date.now()).oldestSeconds)
  },
})
const waiting = new Gauge({
  name: 'weir_notification_waiting_deliveries',
  help: 'Deliveries that wait in Kafka for their time, in the partitions of this replica.',
  registers: [metrics],
})

const OUTCOMES = ['delivered', 'failed', 'held', 'dead-lettered', 'dead'] as const
type Counted = (typeof OUTCOMES)[number]
// Exported from the start: if Prometheus has not seen a counter at zero, a first value of one is no increase.
for (const protocol of PROTOCOLS) for (const outcome of OUTCOMES) deliveries.inc({ protocol, outcome }, 0)

/** Returns a log that counts what it writes. */
export function measured(log: AttemptLog): AttemptLog {
  const own = stage(STAGE)
  return {
    write(delivery, outcome, attempted, signal) {
      const counted = countedAs(outcome)
      if (counted !== undefined)
        deliveries.inc({ protocol: delivery.subscription.protocol, outcome: counted })
      board.note(delivery, outcome)
      if (counted === 'delivered') {
        own.done(1)
        const { message } = delivery
        // Later ones say how long the receiver failed.
        if (message !== undefined && attempted.attempts <= 1)
          own.latency(Math.max(0, Date.now() - message.value.publishedAt))
      } else if (counted === 'dead' || counted === 'dead-lettered') own.failed(1)
      return log.write(delivery, outcome, attempted, signal)
    },
  }
}

/** Reports how many messages and deliveries wait, until the returned function is called. */
export function reportWaiting(lags: {
  readonly messages: () => number
  readonly deliveries: () => number
}): () => void {
  const own = stage(STAGE)
  const timer = setInterval(() => {
    own.lag(lags.messages())
    waiting.set(lags.deliveries())
  }, LAG_MS)
  return () => clearInterval(timer)
}

/** Undefined for a delivery that only waits its turn. */
function countedAs({ outcome, answer }: Outcome): Counted | undefined {
  if (outcome === 'postponed') return answer.status === 'quiet-hours' ? 'held' : undefined
  return outcome === 'dead' && answer.verdict === 'delivered' ? 'dead-lettered' : outcome
}
