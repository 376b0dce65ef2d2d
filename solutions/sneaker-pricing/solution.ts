import type { Solution } from '../solution.ts'
import { clicksFlow, purchasesFlow } from './activity.ts'
import { application } from './application.ts'
import { demandFlow, windowsFlow } from './demand.ts'
import { simulator } from './simulator.ts'
import { fills, itemTables } from './tables.ts'
import { topics } from './topics.ts'
import { TRENDS, trend } from './trends.ts'

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
  simulator,
  application,
  page: {
    service: 'enricher',
    folder: new URL('page/', import.meta.url),
    libraries: { 'echarts.js': 'echarts/dist/echarts.common.min.js' },
    live: {
      topics: ['sneaker.catalogue', 'sneaker.market', 'sneaker.demand', 'sneaker.windows'],
      stages: ['enricher.sneaker-windows', 'enricher.sneaker-demand', 'pricing.sneaker-demand'],
    },
  },
  links: [
    {
      at: 'enricher',
      path: '/sneaker-pricing/',
      doc: 'the page: prices of sneakers with the demand for them, and a button that starts a trend',
    },
  ],
  tables: { [TRENDS]: { entry: trend, seed: {} } },
} as const satisfies Solution
