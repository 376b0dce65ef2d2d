import { readFileSync } from 'node:fs'
import { compileDecoder } from '@weir/codec/avro/decode.ts'
import { compileEncoder } from '@weir/codec/avro/encode.ts'
import { parseSchema, type RecordNode } from '@weir/contracts/avro.ts'
import { expect, test } from 'vitest'
import { type Question, questionOf, type Situation } from '../decision/candidates.ts'
import { decide } from '../decision/decide.ts'
import { DEFAULT_RAILS } from '../decision/rails.ts'
import { inWords } from '../decision/words.ts'
import { csvOf, decisionRecord, unitsIn } from './answers.ts'

const NOW = 1_767_571_200_000
const situation: Situation = {
  product: {
    productId: 'sneaker 001',
    listPriceCents: 11_995,
    costCents: 6000,
    priceCents: 11_995,
    competitorCents: 12_500,
    stock: 41,
    nextDeliveryAt: null,
    priceChangedAt: 0,
    heldUntil: 0,
  },
  counts: {
    at: NOW,
    clicks: 40,
    quarterClicks: 10,
    units: 2,
    usual: { hours: 100, weight: 60, clicks: 40, units: 2, priceCents: 11_995 },
  },
  rails: DEFAULT_RAILS,
  changesLastHour: 0,
}
const question = questionOf(situation) as Question
const prediction = { modelName: 'demand', modelVersion: 'v1', units: question.rows.map(() => 2) }
const file = (name: string): any =>
  JSON.parse(readFileSync(new URL(`../contracts/${name}`, import.meta.url), 'utf8'))
const schema = parseSchema(file('decision.avsc')) as RecordNode

test('questions go out as lines of numbers, and each gets its own numbers back', () => {
  expect(
    csvOf([
      [1, 0.5],
      [2, -1e-7],
    ]),
  ).toBe('1,0.5\n2,-1e-7')
  expect(unitsIn('1\n2\n3\n', [2, 0, 1])).toEqual([[1, 2], [], [3]])
  expect(unitsIn('1,2,3', [2, 0, 1])).toEqual([[1, 2], [], [3]])
})

test.each(['', '1\n2', '1\n2\n3\n4', '{"predictions":[1,2,3]'])('no question gets numbers of %j', (csv) => {
  const found = unitsIn(csv, [2, 1])
  expect(found.flat().every(Number.isFinite) && found.flat().length > 0).toBe(false)
})

test('decisions of every kind are records of their contract', () => {
  const decisions = [
    decide(situation, question, prediction),
    decide({ ...situation, rails: { ...DEFAULT_RAILS, stopped: true } }, question, prediction),
    decide(situation, question, null),
    decide(situation, 'sold-out', null),
  ]
  expect(decisions.map(({ reasonCode }) => reasonCode)).toEqual([
    'better-price',
    'rails',
    'no-prediction',
    'sold-out',
  ])
  for (const decision of decisions) {
    const { key, headers, value } = decisionRecord(decision, inWords(decision))
    expect([key, headers['weir-id']]).toEqual(['sneaker 001', `sneaker%20001-${NOW}-decision`])
    const { features, ...others } = value
    const { features: read, ...found } = throughAvro(value) as typeof value
    expect(found).toEqual(others)
    for (const [name, number] of Object.entries(features)) expect(read[name]).toBeCloseTo(number, 5)
  }
})

test('the sample fits the contract, whose fields all have a meaning', () => {
  const sample = file('decision.sample.json')
  expect(throughAvro(sample)).toEqual(sample)
  expect(Object.keys(sample)).toEqual(schema.fields.map(({ name }) => name))
  expect(schema.fields.filter(({ doc }) => !doc)).toEqual([])
})

function throughAvro(value: object): unknown {
  const bytes = Buffer.alloc(8 << 10)
  const end = compileEncoder(schema)(value, bytes, 0)
  return compileDecoder(schema, schema)(bytes, 0, end)
}
