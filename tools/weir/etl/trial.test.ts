import { sampleOf } from '@weir/contracts/load.ts'
import { type FlowDefinition, type Solution, topics } from '@weir/solutions'
import { solution as fleet } from '@weir/solutions/fleet-anomalies/solution.ts'
import { solution as sneakers } from '@weir/solutions/sneaker-pricing/solution.ts'
import { PRODUCTS } from '@weir/solutions/sneaker-pricing/tables.ts'
import { expect, test } from 'vitest'
import { type Fault, Trial } from './trial.ts'

const [{ id: productId, name, listPriceCents }] = PRODUCTS
const START_MS = 1_764_014_400_000

function trialOf(
  solution: Solution,
  flow: string,
  more: Partial<ConstructorParameters<typeof Trial>[0]> = {},
) {
  const [results, faults]: [any[], Fault[]] = [[], []]
  const definition = solution.flows!.find((one) => one.name === flow) as FlowDefinition
  const trial = new Trial({
    ...{ solution, flow: definition, rows: new Map() },
    result: (value) => results.push(value),
    fault: (fault) => faults.push(fault),
    ...more,
  })
  return { trial, results, faults }
}

const click = (atMs: number, more: object = {}) => ({
  ...{ visitId: `v${atMs}`, productId, eventTime: START_MS + atMs, priceCents: 9995, stock: 4 },
  ...more,
})

test('a flow runs over values with the rows that its solution brings along', async () => {
  const { trial, results, faults } = trialOf(sneakers, 'sneaker-clicks')
  await trial.add([
    { place: 1, id: 'a', value: click(0) },
    { place: 2, id: 'a', value: click(0) },
    { place: 3, value: click(1, { productId: 'x' }) },
    { place: 4, value: { visitId: 5 } },
  ])
  expect(results).toMatchObject([{ productId, name, listPriceCents, priceCents: 9995, units: 0 }])
  expect(faults).toMatchObject([
    { place: 4, code: 'invalid' },
    { place: 3, code: 'unknown-product', message: 'the catalogue does not have "x"' },
  ])
  expect(trial.counts).toMatchObject({ values: 4, results: 1, dead: 2 })
  expect([...trial.counts.others]).toEqual([['once/repeated', 1]])
})

test('rows may be given, and then those of the solution do not count', async () => {
  const { trial, results } = trialOf(sneakers, 'sneaker-clicks', {
    rows: new Map([['sneaker.catalogue', [{ productId: 'x', name: 'X', listPriceCents: 1, costCents: 1 }]]]),
  })
  await trial.add([
    { place: 1, value: click(0) },
    { place: 2, value: click(0, { productId: 'x' }) },
  ])
  expect(results).toMatchObject([{ productId: 'x', name: 'X' }])
})

test('windows have their results as records come, and the rest at the end', async () => {
  const reading = (second: number, truckId: string, engineTemperature: number) => ({
    place: second,
    value: {
      ...sampleOf(topics, 'fleet.readings'),
      ...{ truckId, engineTemperature, eventTime: START_MS + second * 1000 },
    },
  })
  const { trial, results, faults } = trialOf(fleet, 'fleet-minutes')
  await trial.add([reading(1, 'a', 80), reading(2, 'a', 90), reading(70, 'a', 85)])
  expect(faults).toEqual([])
  expect(results).toMatchObject([{ truckId: 'a', minute: START_MS, readings: 2 }])
  await trial.add([reading(75, 'b', 85)])
  trial.end()
  expect(
    results
      .slice(1)
      .map(({ truckId, minute }) => [truckId, minute - START_MS])
      .sort(),
  ).toEqual([
    ['a', 60_000],
    ['b', 60_000],
  ])
})
