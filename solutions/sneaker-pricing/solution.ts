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
  tables: { [TRENDS]: { entry: trend, seed: {} } },
} as const satisfies Solution
