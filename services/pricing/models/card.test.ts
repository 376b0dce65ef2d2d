import { expect, test } from 'vitest'
import { cardOf, contract } from '../testing/models.ts'
import { contractOf, readCard } from './card.ts'
import { contractFault, middleRow } from './features.ts'

const card = cardOf(Buffer.from('model'))
const bytes = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

test('a card gives the contract of its model, and may say more than is needed', () => {
  const found = readCard(bytes(card))
  expect(found.source).toMatchObject({ bytes: 5 })
  expect(contractFault(contract, contractOf(found))).toBeUndefined()
})

test.each<[unknown, string]>([
  ['card', 'The value must be an object.'],
  [{ ...card, model: undefined }, "The model's card must have either a model or a remote."],
  [{ ...card, remote: { endpoint: 'a', region: 'r' } }, 'must have either a model or a remote.'],
  [
    { ...card, model: undefined, remote: { endpoint: 'a/b', region: 'r' } },
    'remote.endpoint must be the name',
  ],
  [{ ...card, features: [] }, 'features must have 1 to 512 items, and has 0.'],
  [
    { ...card, features: card.features.slice(1) },
    "The model's card has 2 features, and an input of 3 columns.",
  ],
  [
    { ...card, model: { ...card.model, sha256: 'x' } },
    'model.sha256 must be a SHA-256 of 64 hexadecimal digits.',
  ],
  [{ ...card, model: { ...card.model, bytes: 1e12 } }, 'model.bytes must be between 1 and '],
  [
    { ...card, model: { ...card.model, output: { ...card.model.output, shape: ['rows', 2] } } },
    "The model's output has 2 columns; an endpoint serves one prediction a row.",
  ],
  [
    { ...card, model: { ...card.model, input: { ...card.model.input, type: 'int64' } } },
    'model.input.type must be "float32".',
  ],
])('a card is refused: %#', (value, message) => {
  expect(() => readCard(bytes(value))).toThrow(message)
})

test('the first difference of two contracts is told', () => {
  const [first, ...others] = contract.features
  const fault = (features: object[]): string | undefined =>
    contractFault(contract, { ...contract, features: features as (typeof first)[] })
  expect(fault(others)).toBe(
    "The contract has the feature first, and feature 1 of the model's card is second.",
  )
  expect(fault([first])).toBe(
    "The contract has the feature second, and feature 2 of the model's card is missing.",
  )
  expect(fault([...contract.features, { ...first, name: 'more' }])).toBe(
    "The model's card has the feature more, which the contract does not have.",
  )
  expect(fault([{ ...first, max: 2 }, ...others])).toBe(
    "The max of first is 1000 in the contract, and 2 in the model's card.",
  )
})

test('the row in the middle of the largest ranges is finite', () => {
  const feature = { ...contract.features[0], min: -1e30, max: 1e30 }
  expect([...middleRow([feature, { ...feature, min: 1, max: 2 }])]).toEqual([0, 1.5])
})
