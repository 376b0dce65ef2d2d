/** The contract of a model's features: their order, types, units and ranges, and what the model predicts. */
import { list, number, object, oneOf, type ShapedBy, text } from '@weir/topics/shape.ts'

/** The most features of a contract. */
const MAX_FEATURES = 512
const BOUND = { min: -1e30, max: 1e30 }

const name = text({ max: 100, pattern: /^[A-Za-z_][\w.-]*$/, like: 'a name of letters, digits, _, . and -' })
const unit = text({ max: 40 })

const feature = object({
  name,
  type: oneOf('float32'),
  unit,
  /** Both bounds belong to the range. */
  min: number(BOUND),
  max: number(BOUND),
})
export type Feature = ShapedBy<typeof feature>

export const features = list(feature, { min: 1, max: MAX_FEATURES })
export const label = object({ name, type: oneOf('float32'), unit })

/** The part of a contract's file that services need. Other fields are for people. */
export const contract = object({ features, label })
export type Contract = ShapedBy<typeof contract>

const PROPERTIES = ['name', 'type', 'unit', 'min', 'max'] as const

/** Returns a sentence about the first difference; undefined if the model has exactly these features. */
export function contractFault(
  { features: wanted, label: to }: Contract,
  model: Contract,
): string | undefined {
  for (const [at, one] of wanted.entries()) {
    const other = model.features.at(at)
    const which = `feature ${at + 1} of the model's card`
    if (other === undefined) return `The contract has the feature ${one.name}, and ${which} is missing.`
    for (const property of PROPERTIES)
      if (one[property] !== other[property])
        return property === 'name'
          ? `The contract has the feature ${one.name}, and ${which} is ${other.name}.`
          : `The ${property} of ${one.name} is ${one[property]} in the contract, and ${other[property]} in the model's card.`
  }
  if (model.features.length > wanted.length)
    return `The model's card has the feature ${model.features[wanted.length].name}, which the contract does not have.`
  for (const property of ['name', 'type', 'unit'] as const)
    if (to[property] !== model.label[property])
      return `The ${property} of the label is ${to[property]} in the contract, and the model predicts ${model.label[property]}.`
  return undefined
}

/** Returns the row in the middle of all ranges. */
export function middleRow(of: readonly Feature[]): Float32Array {
  return Float32Array.from(of, ({ min, max }) => min / 2 + max / 2)
}
