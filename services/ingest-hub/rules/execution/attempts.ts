/** Makes one attempt at each action of a record, within the bounds of their receivers. */
import type { RuleActions } from '@weir/contracts'
import { Counter, type Logger, metrics } from '@weir/service'
import { Lane } from '@weir/timing/lane.ts'
import { Slots } from '@weir/timing/slots.ts'
import { failedActionName } from '../actions/action.ts'
import { countFailure } from '../counters.ts'
import type { Failure } from '../engine.ts'
import type { Answer, Receiver } from './receiver.ts'
import type { Receivers } from './receivers/receivers.ts'

type Action = RuleActions['actions'][number]

/** The actions of a record after an attempt. */
export interface Attempted {
  /** Actions that are to be attempted again. */
  readonly remaining: Action[]
  readonly failures: Failure[]
  /** Whether an attempt failed; false if they only found no room. */
  readonly hasFailed: boolean
  /** When the remaining ones are due at the earliest, ms since the epoch. */
  readonly dueAt: number
}

interface Target {
  readonly receiver: Receiver<unknown>
  readonly parsed: unknown
  readonly resource: string
}

const outcomes = new Counter({
  name: 'weir_rule_action_attempts_total',
  help: "Attempts at actions of rules outside Weir's Kafka, by kind and outcome.",
  labelNames: ['action', 'outcome'],
  registers: [metrics],
})

export class Attempts {
  readonly #receivers: Receivers
  readonly #mayQueue: () => boolean
  readonly #log: Logger
  readonly #slots = new Slots()
  /** Lanes by rule, kind and receiver. */
  readonly #lanes = new Map<string, Lane>()

  /** @param mayQueue whether actions may wait in memory for others to the same receiver */
  constructor(receivers: Receivers, mayQueue: () => boolean, log: Logger) {
    this.#receivers = receivers
    this.#mayQueue = mayQueue
    this.#log = log
  }

  /**
   * @param isLast whether actions that fail now are given up
   */
  async make(record: RuleActions, isLast: boolean): Promise<Attempted> {
    const results = await Promise.all(record.actions.map((action) => this.#attempt(record, action)))
    const remaining: Action[] = []
    const failures: Failure[] = []
    let hasFailed = false
    let dueAt = 0
    results.forEach((result, i) => {
      const action = record.actions[i]
      const isAway = typeof result === 'number'
      if (isAway) dueAt = Math.max(dueAt, result)
      else if (result.verdict === 'retry') hasFailed = true
      if (!isAway && result.verdict === 'done') return
      if ((isAway || result.verdict === 'retry') && !isLast) remaining.push(action)
      else failures.push(this.#failure(record, action, isAway ? undefined : result))
    })
    return { remaining, failures, hasFailed, dueAt }
  }

  /** Returns when to come back if the receiver is busy. */
  async #attempt(record: RuleActions, { kind, parameters }: Action): Promise<Answer | number> {
    const target = this.#target({ kind, parameters })
    if (target === undefined) return { verdict: 'failed', text: `The action ${kind} cannot be read.` }
    const { receiver, parsed, resource } = target
    const key = `${record.rule} ${kind} ${resource}`
    const lane = this.#lane(key)
    const entered = lane.enter(Date.now(), undefined, this.#mayQueue())
    if (typeof entered === 'number') return entered
    const comeBackAt = await entered.turn
    if (comeBackAt !== undefined) return comeBackAt
    const give = await this.#slots.take()
    const started = performance.now()
    let answer: Answer = { verdict: 'retry', text: 'The attempt failed inside.' }
    try {
      answer = await receiver.send(parsed, record)
    } catch (error) {
      this.#log.error(
        { err: error, rule: record.rule, action: kind },
        'an attempt at an action failed inside',
      )
    } finally {
      give()
      entered.ended(answer.verdict !== 'retry', performance.now() - started)
      if (lane.isIdle) this.#lanes.delete(key)
    }
    outcomes.labels(kind, answer.verdict).inc()
    return answer
  }

  /** Undefined for an action that no version of Weir writes: records in a topic are untrusted. */
  #target({ kind, parameters }: Action): Target | undefined {
    if (!Object.hasOwn(this.#receivers, kind)) return undefined
    const receiver = this.#receivers[kind as keyof Receivers] as Receiver<unknown>
    try {
      const parsed: unknown = JSON.parse(parameters)
      return { receiver, parsed, resource: String(receiver.resource(parsed)) }
    } catch {
      return undefined
    }
  }

  #lane(key: string): Lane {
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, (lane = new Lane()))
    return lane
  }

  #failure({ rule, topic }: RuleActions, { kind, parameters }: Action, answer: Answer | undefined): Failure {
    countFailure(kind)
    const text = answer?.text ?? 'The receiver is too slow for the messages of this rule.'
    const resource = this.#target({ kind, parameters })?.resource ?? kind
    this.#log.warn({ rule, action: kind, error: text }, 'an action of a rule was given up')
    const message = `${text} Message arrived on: ${topic}, Action: ${kind}`
    return { action: failedActionName(kind), resource, message }
  }
}
