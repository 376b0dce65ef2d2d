import type { Solution } from '@weir/solutions'
import { solution as offers } from '@weir/solutions/location-offers/solution.ts'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { expect, test } from 'vitest'
import { notificationsOf, type Pipeline, pipelineOf, stagesOf } from './pipelines.ts'

const URLS = {
  enricher: 'http://enricher.example',
  indexer: 'http://indexer.example',
  alerter: 'http://alerter.example',
}
/** Without the stages of other services, which may be added. */
const taxis: Solution = { ...taxiTelemetry, stages: [] }
const words = ({ chains }: Pipeline): string[][] =>
  chains.map((chain) => chain.map(({ kind, name }) => `${kind} ${name}`))

/** The chain of the taxis' second door. */
const FURTHER_DOOR = ['door mqtt', 'topic taxi.telemetry']

test('a flow and a sink make a chain from a door through both topics into the index; another door joins it', () => {
  const pipeline = pipelineOf(taxis, URLS)
  expect(words(pipeline)).toEqual([
    ['door http', 'topic taxi.telemetry', 'flow taxi', 'topic taxi.enriched', 'index taxi-enriched'],
    FURTHER_DOOR,
  ])
  expect(pipeline.page).toBe('http://indexer.example/taxi-telemetry/')
  expect(pipeline.chains[0][2]).toMatchObject({
    stage: 'enricher.taxi',
    group: 'enricher.taxi',
    steps: ['once', 'decode', 'refuse-impossible', 'divert-late', 'add-zone', 'add-state'],
  })
  expect(stagesOf(taxis)).toEqual(['enricher.taxi', 'indexer.taxi'])
})

test('a function is between its stream and its topic', () => {
  const pipeline = pipelineOf(offers, URLS)
  expect(words(pipeline)).toEqual([
    ['door kinesis', 'stream signups', 'function offers', 'topic location.offers'],
  ])
  expect(pipeline.chains[0][2]).toMatchObject({ stage: null, group: 'weir.mapping.signups-offers' })
  expect(pipeline.page).toBe('http://enricher.example/location-offers/')
})

test('two readers of a topic make two chains, and a circle ends before it repeats', () => {
  const mapping = { functionName: 'f', source: { kind: 'kafka', topic: 'taxi.enriched' } } as const
  const forked: Solution = { ...taxis, mappings: [{ name: 'a', ...mapping }] }
  expect(words(pipelineOf(forked, URLS)).map((chain) => chain.at(-1))).toEqual([
    'function f',
    'index taxi-enriched',
    'topic taxi.telemetry',
  ])
  const circular: Solution = {
    ...taxis,
    sinks: [],
    mappings: [{ name: 'a', ...mapping, output: 'taxi.enriched' }],
  }
  expect(words(pipelineOf(circular, URLS))).toEqual([
    ['door http', 'topic taxi.telemetry', 'flow taxi', 'topic taxi.enriched', 'function f'],
    FURTHER_DOOR,
  ])
})

test('notifications have a pipeline of their own, with the page of the alerter', () => {
  const pipeline = notificationsOf(URLS)
  expect(words(pipeline)).toEqual([['topic weir.notifications', 'deliveries Deliveries']])
  expect(pipeline.page).toBe('http://alerter.example/alerts/')
})

test('a stage of a service of its own is between its topics, and ends the chain if its results leave', () => {
  const stage = { service: 'alerter', source: 'taxi.enriched', deadLetter: 'taxi.enriched.dead' } as const
  const solution: Solution = {
    ...taxis,
    sinks: [],
    stages: [
      { ...stage, name: 'prices', output: 'location.offers' },
      { ...stage, name: 'calls' },
    ],
  }
  const chains = words(pipelineOf(solution, URLS)).filter(([door]) => door === 'door http')
  expect(chains.map((chain) => chain.slice(3))).toEqual([
    ['topic taxi.enriched', 'stage prices', 'topic location.offers'],
    ['topic taxi.enriched', 'stage calls'],
  ])
  expect(pipelineOf(solution, URLS).chains[0][4]).toMatchObject({
    stage: 'alerter.prices',
    group: 'alerter.prices',
  })
  expect(stagesOf(solution)).toEqual(['enricher.taxi', 'alerter.prices', 'alerter.calls'])
})

test('a solution without stages and page has no chains and no link', () => {
  expect(pipelineOf({ name: 'plain' }, URLS)).toEqual({
    name: 'plain',
    title: 'plain',
    page: null,
    chains: [],
  })
})
