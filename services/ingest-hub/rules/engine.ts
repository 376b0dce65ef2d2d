/** Runs rules over messages of devices. */
import { randomUUID } from 'node:crypto'
import { basicIngestOf, Message, type MessageFields, type MessageProperties } from '@weir/iot-sql'
import type { Logger, Stage } from '@weir/service'
import type { DeviceMessage } from '../devices/message.ts'
import { actionRecord } from './action-record.ts'
import { ActionFailure, failedActionName, Selected } from './actions/action.ts'
import type { CompiledAction } from './actions/kind.ts'
import type { CompiledRule } from './compiled-rule.ts'
import { countFailure, Outcomes } from './counters.ts'
import { Output, type OutputOptions, type Refused } from './output.ts'
import type { RuleSet } from './rule-set.ts'

export interface EngineOptions {
  readonly accountId: string
  readonly rules: Pick<RuleSet, 'matching' | 'compiled'>
  readonly output: () => OutputOptions
  readonly counts: Stage
  readonly log: Logger
}

export interface Failure {
  readonly action: string
  readonly resource: string
  readonly message: string
}

/** Other work of the process has its turn after this time. */
const MAX_TURN_MS = 10
/** How long all rules of one message may take. */
const MAX_MESSAGE_MS = 1000
/** The clock is read after this many rules of a message. */
const RULES_A_LOOK = 16
/** Characters of the payload and the parameters of an action outside Kafka. */
const MAX_STORED_SIZE = 524_288
const TELL_AGAIN_MS = 10_000

export class Engine {
  readonly #options: EngineOptions
  #toldAt = -Infinity

  constructor(options: EngineOptions) {
    this.#options = options
  }

  /**
   * Resolves when everything that the messages lead to in Weir's Kafka is stored: to the error of each message
   * for which it is not.
   */
  readonly run = async (messages: readonly DeviceMessage[]): Promise<readonly (Error | undefined)[]> => {
    const started = performance.now()
    const errors: (Error | undefined)[] = []
    while (errors.length < messages.length) errors.push(...(await this.#runFrom(messages, errors.length)))
    const { counts } = this.#options
    let failed = 0
    for (const error of errors) if (error !== undefined) failed++
    counts.done(messages.length - failed)
    counts.failed(failed)
    counts.latency(performance.now() - started, messages.length - failed)
    return errors
  }

  /** Runs the rules over messages until they have made much of them, and stores that. */
  async #runFrom(messages: readonly DeviceMessage[], from: number): Promise<(Error | undefined)[]> {
    const out = new Output(this.#options.output())
    const outcomes = new Outcomes()
    let since = performance.now()
    for (let i = from; i < messages.length && !out.isLarge; i++) {
      out.begin()
      if (out.halt === undefined) this.#evaluate(messages[i], out, outcomes)
      if (performance.now() - since < MAX_TURN_MS) continue
      await new Promise(setImmediate)
      since = performance.now()
    }
    outcomes.count()
    const errors = await out.settle()
    if (out.refused.length > 0) await this.#giveUp(out.refused, errors)
    return errors
  }

  #evaluate(from: DeviceMessage, out: Output, outcomes: Outcomes): void {
    const rules = this.#rulesFor(from.topic)
    if (rules.length === 0) return
    const message = new Message(new Fields(from))
    const context = { accountId: this.#options.accountId, nowMs: Date.now() }
    const started = rules.length < RULES_A_LOOK ? 0 : performance.now()
    for (let i = 0; i < rules.length; i++) {
      if (i % RULES_A_LOOK === RULES_A_LOOK - 1 && performance.now() - started > MAX_MESSAGE_MS) {
        outcomes.add('too-much-work', rules.length - i)
        return this.#tell(
          { topic: from.topic, rules: rules.length, evaluated: i },
          'the rules of a message take too long',
        )
      }
      const { rule, stored } = rules[i]
      const result = rule.evaluate(message, context)
      if (!result.matched) {
        outcomes.add(result.why)
        if (result.why === 'too-much-work')
          this.#tell({ rule: stored.name, topic: from.topic }, 'a rule takes too long')
        continue
      }
      outcomes.add('matched')
      if (rules[i].actions.length === 0) continue
      const { lineage, receivedAt } = from
      const fields = { rule: stored, message, lineage, receivedAt, context, result: result.payload }
      this.#act(rules[i], new Selected(fields), out)
    }
  }

  #rulesFor(topic: string): readonly CompiledRule[] {
    const { rules } = this.#options
    const direct = topic.startsWith('$') ? basicIngestOf(topic) : undefined
    if (direct === undefined) return rules.matching(topic)
    const found = rules.compiled(direct.rule)
    return found === undefined || found.stored.disabled ? [] : [found]
  }

  #act({ actions, errorAction }: CompiledRule, selected: Selected, out: Output): void {
    const outside: { kind: string; parameters: string }[] = []
    const failures: Failure[] = []
    for (let number = 0; number < actions.length; number++) {
      if (out.isFull) {
        countFailure(actions[number].kind)
        this.#tell({ rule: selected.rule.name }, 'the rules make too much of a message')
        continue
      }
      const { kind } = actions[number]
      const begun = this.begin(actions[number], selected, number, out)
      if (typeof begun === 'string') outside.push({ kind, parameters: begun })
      else if (begun !== undefined) failures.push(begun)
    }
    if (outside.length > 0 || (failures.length > 0 && errorAction !== undefined))
      out.store(actionRecord(selected, outside, failures, errorAction !== undefined))
  }

  /** Gives up republished messages that nobody will ever take, such as values that break a contract. */
  async #giveUp(refused: readonly Refused[], errors: (Error | undefined)[]): Promise<void> {
    const out = new Output(this.#options.output())
    refused.forEach(({ selected, topic, error }) => {
      out.begin()
      countFailure('republish')
      if (this.#options.rules.compiled(selected.rule.name)?.errorAction === undefined) return
      const failure = { action: failedActionName('republish'), resource: topic, message: error.message }
      out.store(actionRecord(selected, [], [failure], true))
    })
    const unstored = await out.settle()
    unstored.forEach((error, i) => {
      errors[refused[i].owner] ??= error
    })
  }

  /** Does an action, or returns the parameters with which it is to be stored, or why it is given up. */
  begin(
    action: CompiledAction,
    selected: Selected,
    number: number,
    out: Output,
  ): string | Failure | undefined {
    const { kind } = action
    try {
      const parameters = action.begin(selected, out, number)
      if (parameters === undefined) return undefined
      const text = JSON.stringify(parameters)
      const size = text.length + selected.payload.length
      if (size > MAX_STORED_SIZE)
        throw new ActionFailure(
          selected.rule.name,
          `The result and the parameters have ${size} characters; at most ${MAX_STORED_SIZE} are stored.`,
        )
      return text
    } catch (error) {
      if (!(error instanceof ActionFailure)) throw error
      countFailure(kind)
      this.#tell(
        { rule: selected.rule.name, action: kind, error: error.message },
        'an action of a rule was given up',
      )
      return { action: failedActionName(kind), resource: error.resource, message: error.message }
    }
  }

  /** Messages can fail by the thousand, so the log names one of them at most every ten seconds. */
  #tell(details: object, text: string): void {
    const now = performance.now()
    if (now - this.#toldAt < TELL_AGAIN_MS) return
    this.#toldAt = now
    this.#options.log.warn(details, text)
  }
}

/** Trace ids and properties are made only for the rules that ask for them. */
class Fields implements MessageFields {
  readonly topic: string
  readonly payload: Buffer
  readonly clientId: string | undefined
  readonly principal: string
  readonly #properties: DeviceMessage['properties']
  #traceId: string | undefined

  constructor({ topic, payload, clientId, principal, properties }: DeviceMessage) {
    this.topic = topic
    this.payload = payload
    this.clientId = clientId
    this.principal = principal
    this.#properties = properties
  }

  get traceId(): string {
    return (this.#traceId ??= randomUUID())
  }

  get properties(): MessageProperties | undefined {
    const given = this.#properties
    if (given === undefined) return undefined
    const { contentType, responseTopic, correlationData, payloadFormatIndicator, userProperties = {} } = given
    const user = Object.entries(userProperties).flatMap(([name, values]) =>
      typeof values === 'string' ? [[name, values] as const] : values.map((value) => [name, value] as const),
    )
    return { contentType, responseTopic, correlationData, utf8: payloadFormatIndicator, user }
  }
}
