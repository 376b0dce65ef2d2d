/** Message attributes as filter policies see them. */

/** An attribute of a message, as Publish takes it. */
export interface MessageAttribute {
  /** String, Number, Binary, String.Array, or one of the first three with a label: Number.int. */
  readonly DataType: string
  readonly StringValue?: string | undefined
  readonly BinaryValue?: Uint8Array | undefined
}

export type MessageAttributes = Readonly<Record<string, MessageAttribute>>

/** An attribute that matches nothing, not even { "exists": true }: it is malformed. */
export const MALFORMED = Symbol('malformed')

/** An attribute's value: a text, a number, or the contents of an array. SNS ignores binary attributes. */
export function valueOf(attributes: MessageAttributes, name: string): unknown {
  const attribute = Object.hasOwn(attributes, name) ? attributes[name] : undefined
  if (attribute?.StringValue === undefined) return undefined
  const { DataType: type, StringValue: text } = attribute
  if (type === 'String') return text
  const [base, label] = type.split('.', 2)
  if (label === 'Array' && base !== 'Binary') return contentsOf(attribute, text)
  if (base === 'Number') return numberOf(text)
  return base === 'String' ? text : undefined
}

/** Contents of arrays: the policies of all subscriptions to a topic read the same attributes. */
const parsed = new WeakMap<MessageAttribute, unknown>()

/** Any JSON: SNS compares a single value like an array with this value. */
function contentsOf(attribute: MessageAttribute, text: string): unknown {
  let contents = parsed.get(attribute)
  if (contents === undefined) {
    try {
      contents = JSON.parse(text) as unknown
    } catch {
      contents = MALFORMED
    }
    parsed.set(attribute, contents)
  }
  return contents
}

/** Number() would take hexadecimal numbers and empty texts, too. */
const NUMBER = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?\s*$/i

const numberOf = (text: string): number | typeof MALFORMED => (NUMBER.test(text) ? Number(text) : MALFORMED)
