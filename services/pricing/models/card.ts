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

const model = object({
  sha256: text({ max: 64, pattern: /^[0-9a-f]{64}$/, like: 'a SHA-256 of 64 hexadecimal digits' }),
  bytes: integer({ min: 1, max: MAX_MODEL_BYTES }),
  input: tensor,
  output: tensor,
})
/** An endpoint of SageMaker in the operator's account, which answers in place of a file. */
const remote = object({
  endpoint: text({ max: 63, pattern: /^[a-zA-Z0-9](-*[a-zA-Z0-9])*$/, like: 'the name of an endpoint' }),
  region: text({ max: 40, pattern: /^[a-z0-9-]+$/, like: 'a region' }),
})
export type FileOfModel = ShapedBy<typeof model>
export type Remote = ShapedBy<typeof remote>

const card = object({ name, predicts: label, features }, { model, remote })

export interface Card extends Omit<ShapedBy<typeof card>, 'model' | 'remote'> {
  readonly source: FileOfModel | Remote
}

export const isRemote = (source: Card['source']): source is Remote => 'endpoint' in source

/** Throws an error whose message is a sentence if the text is not the card of a model that can be served. */
export function readCard(bytes: Buffer): Card {
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8'))
  } catch {
    throw new Error("The model's card is not JSON.")
  }
  const { model: file, remote: elsewhere, ...found } = read(card, json, 'ignored')
  const source = file ?? elsewhere
  if (source === undefined || (file !== undefined && elsewhere !== undefined))
    throw new Error("The model's card must have either a model or a remote.")
  if (file !== undefined) checkColumns(file, found.features.length)
  return { ...found, source }
}

function checkColumns({ input, output }: FileOfModel, features: number): void {
  if (input.shape[1] !== features)
    throw new Error(`The model's card has ${features} features, and an input of ${input.shape[1]} columns.`)
  if (output.shape[1] !== 1)
    throw new Error(
      `The model's output has ${output.shape[1]} columns; an endpoint serves one prediction a row.`,
    )
}

/** Returns the contract that the card claims. */
export const contractOf = ({ features, predicts }: Card): Contract => ({ features, label: predicts })
