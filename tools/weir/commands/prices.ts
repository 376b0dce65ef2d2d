import { command, onlyPositionals, Refused, UsageError, wholeNumber } from '../command.ts'
import { EXIT } from '../exit.ts'
import { hint } from '../nearest.ts'
import { openReferenceApi, type ReferenceApi } from '../reference/api.ts'
import { serviceApi } from '../service-api.ts'
import { readSettings } from '../settings.ts'
import { print, printJson } from '../terminal/output.ts'
import { table } from '../terminal/table.ts'

const usage = `
weir prices [list] | why PRODUCT | set PRODUCT PRICE | stop | resume

Prices of sneakers, which follow the demand. The API key WEIR_API_KEY needs the rights to read sneaker.catalogue and
sneaker.decisions; to set a price, the right to write to sneaker.edits; and to stop and resume, the right to write to
reference tables.

list      shows the products with their prices, what is in stock and what was clicked in the last hour
why       shows the latest decisions about a product, with their reasons
set       sets a price by hand, in whole units and cents: 119.95. The model leaves it alone for an hour
stop      stops all changes by the model
resume    lets it change prices again

  --hold MINUTES  set: for how long the model leaves the price alone (60)
  --json          prints JSON

Examples
  weir prices why sneaker-007
  weir prices set sneaker-007 119.95 --hold 1440
  weir prices stop
`

const ACTIONS = ['list', 'why', 'set', 'stop', 'resume'] as const
const RAILS = 'price-rails'
const ALL = 'all'
const MAX_SHOWN = 20
/** 30 days. */
const MAX_HOLD_MINUTES = 43_200

interface Product {
  readonly productId: string
  readonly name: string
  readonly priceCents: number
  readonly listPriceCents: number
  readonly changedBy: string | null
  readonly market: { readonly stock: number; readonly competitorCents: number } | null
  readonly demand: { readonly clicks: number; readonly usual: { readonly clicks: number } } | null
}

interface Decision {
  readonly at: number
  readonly decision: 'change' | 'keep'
  readonly words: string
  readonly modelName: string | null
  readonly modelVersion: string | null
}

export const prices = command({
  name: 'prices',
  summary: 'Prices that follow demand: why they are so, set one, stop',
  usage,
  options: { hold: { type: 'string' }, json: { type: 'boolean', default: false } },
  async run({ hold, json }, [asked = 'list', product, price, ...rest]) {
    const action = ACTIONS.find((one) => one === asked)
    if (action === undefined)
      throw new UsageError(`There is no \`weir prices ${asked}\`.${hint(asked, ACTIONS)}`)
    const takes = { list: 0, why: 1, set: 2, stop: 0, resume: 0 }[action]
    const given = [product, price, ...rest].filter((one) => one !== undefined)
    onlyPositionals(given.slice(takes), 0)
    if (given.length < takes)
      throw new UsageError(
        `The ${given.length === 0 ? 'product' : 'price'} is missing; write \`weir prices ${action} PRODUCT${takes === 2 ? ' PRICE' : ''}\`.`,
      )
    const holdMinutes = wholeNumber('--hold', hold, 60, 0, MAX_HOLD_MINUTES)
    const { urls, apiKey } = readSettings()
    const ask = serviceApi({ service: 'enricher', url: urls.enricher, apiKey })
    switch (action) {
      case 'list': {
        const { products } = (await (await ask('GET', 'sneakers')).json()) as { products: Product[] }
        return list(products, json)
      }
      case 'why': {
        const answer = await ask('GET', `sneakers/${encodeURIComponent(product)}/decisions`)
        const { decisions } = (await answer.json()) as { decisions: Decision[] }
        return why(product, decisions.slice(0, MAX_SHOWN), json)
      }
      case 'set': {
        const edit = { priceCents: centsOf(price), holdMinutes }
        await ask('PUT', `sneakers/${encodeURIComponent(product)}/price`, edit)
        await print(
          `Set ${product} to ${money(edit.priceCents)}; it is held for ${edit.holdMinutes} minutes.\n`,
        )
        return EXIT.ok
      }
      case 'stop':
      case 'resume':
        return stop(openReferenceApi(urls.enricher, apiKey), action === 'stop')
    }
  },
})

async function list(products: readonly Product[], json: boolean): Promise<number> {
  if (json) await printJson(products)
  else if (products.length === 0)
    await print(
      'The catalogue is empty; pricing fills it when it starts with the solution sneaker-pricing.\n',
    )
  else
    await print(
      table(
        ['PRODUCT', 'NAME', 'PRICE', 'LIST', 'COMPETITOR', 'STOCK', 'CLICKS', 'USUAL', 'CHANGED BY'],
        products.map(({ productId, name, priceCents, listPriceCents, changedBy, market, demand }) => [
          productId,
          name,
          money(priceCents),
          money(listPriceCents),
          market && money(market.competitorCents),
          market?.stock,
          demand?.clicks,
          demand && Math.round(demand.usual.clicks),
          changedBy,
        ]),
      ),
    )
  return EXIT.ok
}

async function why(product: string, decisions: readonly Decision[], json: boolean): Promise<number> {
  if (json) await printJson(decisions)
  else if (decisions.length === 0)
    throw new Refused(`Nothing was decided about ${product} in the last hours.`)
  else
    await print(
      table(
        ['AT', 'DECISION', 'MODEL', 'WHY'],
        decisions.map(({ at, decision, modelName, modelVersion, words }) => [
          new Date(at).toISOString().replace('T', ' ').slice(0, 19),
          decision,
          modelName && `${modelName} ${modelVersion}`,
          words,
        ]),
      ),
    )
  return EXIT.ok
}

async function stop(reference: ReferenceApi, stopped: boolean): Promise<number> {
  const entry = (await reference.entries(RAILS))[ALL] as Record<string, unknown> | undefined
  await reference.put(RAILS, ALL, { ...entry, stopped })
  await print(
    stopped
      ? 'The model changes no price until `weir prices resume`.\n'
      : 'The model changes prices again.\n',
  )
  return EXIT.ok
}

function centsOf(text: string): number {
  const cents = Math.round(Number(text) * 100)
  if (/^\d{1,5}(\.\d\d?)?$/.test(text) && cents > 0) return cents
  throw new UsageError(`"${text}" is not a price; write 119.95.`)
}

const money = (cents: number): string => (cents / 100).toFixed(2)
