/** The common parts of the actions of rules. */
import type { Context, JsonValue, Message, Rule } from '@weir/iot-sql'
import { parseTemplate, SqlError, toBytes } from '@weir/iot-sql'
import type { Lineage } from '../../devices/message.ts'

/** An action as the API has it: an object with one member, which names its kind. */
export type ActionInput = Readonly<Record<string, Readonly<Record<string, unknown>>>>

interface SelectedFields {
  readonly rule: { readonly name: string; readonly id: string }
  readonly message: Message
  readonly lineage: Lineage | undefined
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
  readonly context: Context
  readonly result: JsonValue | Buffer
}

/** As long as two payloads of AWS IoT. */
const MAX_PAYLOAD_BYTES = 262_144

/** A message that a rule has selected, and what the rule made of it. */
export class Selected {
  readonly rule: SelectedFields['rule']
  readonly message: Message
  readonly lineage: Lineage | undefined
  readonly receivedAt: number
  readonly context: Context
  readonly result: JsonValue | Buffer
  #payload: Buffer | undefined

  constructor({ rule, message, lineage, receivedAt, context, result }: SelectedFields) {
    this.rule = rule
    this.message = message
    this.lineage = lineage
    this.receivedAt = receivedAt
    this.context = context
    this.result = result
  }

  /** The bytes of the result, which not every action needs. Throws an ActionFailure if there are too many. */
  get payload(): Buffer {
    this.#payload ??= toBytes(this.result)
    if (this.#payload.length > MAX_PAYLOAD_BYTES)
      throw new ActionFailure(this.rule.name, `The result has more than ${MAX_PAYLOAD_BYTES} bytes.`)
    return this.#payload
  }
}

/** UTF-16 units of what a template gives: the longest header of the model of AWS IoT. */
const MAX_TEXT_LENGTH = 16_384

/** Renders a parameter. Throws an ActionFailure. */
export type Text = (selected: Selected) => string

/** An action that cannot be done, whatever happens. The message is one sentence. */
export class ActionFailure extends Error {
  override readonly name = 'ActionFailure'
  /** The topic, stream or queue that it was directed to. */
  readonly resource: string

  constructor(resource: string, message: string) {
    super(message)
    this.resource = resource
  }
}

/** The name of an action in messages about failures: S3Action. */
export const failedActionName = (kind: string): string => `${kind[0].toUpperCase()}${kind.slice(1)}Action`

/** Parameters that no rule may have. The message is one sentence. */
export class InvalidAction extends Error {
  override readonly name = 'InvalidAction'
}

/** Compiles a text with templates. Throws InvalidAction. */
export function textOf(source: string, name: string, rule: Rule): Text {
  if (!source.includes('$')) return () => source
  try {
    const template = parseTemplate(source, rule)
    const failure = (problem: string): ActionFailure =>
      new ActionFailure(source.slice(0, 200), `The template of ${name} ${problem}.`)
    return ({ message, context }) => {
      const text = template.render(message, context)
      if (text === undefined) throw failure('takes too long for this message')
      if (text.length > MAX_TEXT_LENGTH) throw failure(`gives more than ${MAX_TEXT_LENGTH} characters`)
      return text
    }
  } catch (error) {
    if (error instanceof SqlError) throw new InvalidAction(`${name}: ${error.message}`)
    throw error
  }
}

/** The same for a parameter that may be missing. */
export function optionalText(source: string | undefined, name: string, rule: Rule): Text | undefined {
  return source === undefined ? undefined : textOf(source, name, rule)
}

/**
 * Returns the text with a character that no name has in place of each template, so that a right that covers it
 * covers whatever the templates give.
 */
export function withoutTemplates(source: string): string {
  return source.replace(/\$\{[\s\S]*\}/g, '\u{FFFF}')
}
