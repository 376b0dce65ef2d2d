import type { Solution } from '../solution.ts'
import { clicksFlow, purchasesFlow } from './activity.ts'
import { application } from './application.ts'
import { priceRails, priceRailsSeed, RAILS_TABLE } from './decision/rails-table.ts'
import { demandFlow, windowsFlow } from './demand.ts'
import { FEATURES } from './features.ts'
import { simulator } from './simulator.ts'
import { CATALOGUE, DEMAND, fills, itemTables, MARKET } from './tables.ts'
import { topics } from './topics.ts'
import { TRENDS, trend } from './trends.ts'

const ENDPOINT = 'sneaker-demand'
/** What the model predicts. */
const LABEL = { name: 'units', type: 'float32', unit: 'pairs/h' } as const

/** Prices that follow demand: clicks and purchases → windows → demand → decisions → catalogue. */
export const solution = {
  name: 'sneaker-pricing',
  title: 'Sneaker prices',
  topics,
  flows: [
    {
      name: 'sneaker-clicks',
      source: 'sneaker.clicks',
      deadLetter: 'sneaker.clicks.dead',
      build: clicksFlow,
    },
    {
      name: 'sneaker-purchases',
      source: 'sneaker.purchases',
      deadLetter: 'sneaker.purchases.dead',
      build: purchasesFlow,
    },
    {
      name: 'sneaker-windows',
      source: 'sneaker.activity',
      deadLetter: 'sneaker.activity.dead',
      build: windowsFlow,
    },
    {
      name: 'sneaker-demand',
      source: 'sneaker.windows',
      deadLetter: 'sneaker.windows.dead',
      build: demandFlow,
    },
  ],
  itemTables,
  fills,
  endpoints: {
    [ENDPOINT]: {
      contract: {
        features: FEATURES.map((feature) => ({ ...feature, type: 'float32' as const })),
        label: LABEL,
      },
      version: '1',
      timeLimitMs: 2000,
    },
  },
  functions: [
    {
      name: 'sneaker-prices',
      folder: new URL('.', import.meta.url),
      handler: 'functions/decide.handler',
      memoryMb: 256,
      timeoutMs: 15_000,
      // One that knows all decisions counts the changes of an hour.
      concurrency: 1,
      provisioned: 1,
      environment: ({ pricingUrl, redisUrl, credentials }) => ({
        ...credentials,
        AWS_ENDPOINT_URL_DYNAMODB: pricingUrl,
        AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME: pricingUrl,
        REDIS_URL: redisUrl,
        CATALOGUE_TABLE: CATALOGUE,
        MARKET_TABLE: MARKET,
        ENDPOINT_NAME: ENDPOINT,
        PRICE_RAILS: `weir:reference:{${RAILS_TABLE}}:entries`,
      }),
    },
  ],
  mappings: [
    {
      name: 'sneaker-prices',
      functionName: 'sneaker-prices',
      source: { kind: 'table', table: DEMAND },
      output: 'sneaker.decisions',
    },
  ],
  simulator,
  application,
  page: {
    service: 'enricher',
    folder: new URL('page/', import.meta.url),
    libraries: { 'echarts.js': 'echarts/dist/echarts.common.min.js' },
    live: {
      topics: [
        'sneaker.catalogue',
        'sneaker.market',
        'sneaker.demand',
        'sneaker.windows',
        'sneaker.decisions',
      ],
      stages: [
        'enricher.sneaker-windows',
        'enricher.sneaker-demand',
        'pricing.sneaker-demand',
        'pricing.sneaker-decisions',
      ],
    },
  },
  links: [
    {
      at: 'enricher',
      path: '/sneaker-pricing/',
      doc: 'the page: prices of sneakers with the demand for them, and a button that starts a trend',
    },
  ],
  tables: {
    [TRENDS]: { entry: trend, seed: {} },
    [RAILS_TABLE]: { entry: priceRails, seed: priceRailsSeed },
  },
} as const satisfies Solution
