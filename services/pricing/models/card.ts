/** A model's card: the file beside the model that says what the model is. */
import { integer, object, oneOf, pair, read, type Shape, type ShapedBy, text } from '@weir/topics/shape.ts'
import { type Contract, features, label } from './features.ts'

export const MAX_CARD_BYTES = 1 << 20
/** The longest model file. */
export const MAX_MODEL_BYTES = 128 << 20

const name = text({ max: 100 })
const rows: Shape<'rows'> = oneOf('rows')
const tensor = object({
  name,
  type: oneOf('float32'),
  shape: pair(rows, integer({ min: 1, max: 512 })),
})

const card = object({
  name,
  model: object({
    sha256: text({ max: 64, pattern: /^[0-9a-f]{64}$/, like: 'a SHA-256 of 64 hexadecimal digits' }),
    bytes: integer({ min: 1, max: MAX_MODEL_BYTES }),
    input: tensor,
    output: tensor,
  }),
  predicts: label,
  features,
})
export type Card = ShapedBy<typeof card>

/** Throws an error whose message is a sentence if the text is not the card of a model that can be served. */
export function readCard(bytes: Buffer): Card {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error("The model's card is not JSON.")
  }
  const found = read(card, json, 'ignored')
  const { input, output } = found.model
  if (input.shape[1] !== found.features.length)
    throw new Error(
      `The model's card has ${found.features.length} features, and an input of ${input.shape[1]} columns.`,
    )
  if (output.shape[1] !== 1)
    throw new Error(
      `The model's output has ${output.shape[1]} columns; an endpoint serves one prediction a row.`,
    )
  return found
}

/** Returns the contract that the card claims. */
export const contractOf = ({ features, predicts }: Card): Contract => ({ features, label: predicts })
