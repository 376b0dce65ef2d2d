/** The judgement as a page. */
import type { Comparison, KindSummary, Summary, Week } from './judge.ts'
import { type Interval, verdictOf } from './statistics.ts'

const KIND_TEXTS: Readonly<Record<keyof Summary['kinds'], string>> = {
  trend: 'a trend: an hour with twice the usual visits',
  shortage: 'sold out at some time',
  overstock: 'more than 30 % left when the delivery came',
  competitor: 'a competitor at less than 90 % of the list price',
  other: 'none of these',
}

const KIND_NAMES = Object.keys(KIND_TEXTS) as (keyof Summary['kinds'])[]
const SHORT_TEXTS: typeof KIND_TEXTS = {
  trend: 'trends',
  shortage: 'shortages',
  overstock: 'too much stock',
  competitor: 'cheap competitors',
  other: 'quiet products',
}
const SHORT_VERDICTS = {
  more: 'clearly more',
  less: 'clearly less',
  unclear: 'neither more nor less',
} as const

const VERDICTS = { more: 'more', less: 'less', unclear: 'no clear difference' } as const

export const reportOf = (summary: Summary, weeks: readonly Week[]): string =>
  `${[
    introduction(weeks),
    policiesSection(summary),
    rivalsSection(summary, weeks),
    kindsSection(summary),
    LIMITS,
  ].join('\n\n')}\n`

const introduction = (weeks: readonly Week[]): string => `# The judgement of the decisions

Written by \`npm run evaluate\`. ${weeks.length} simulated weeks (seeds ${weeks[0].seed} to ${weeks.at(-1)!.seed}), each of a shop with
${weeks[0].products} products that the model was not trained on. All policies have the same shoppers, competitors, trends and deliveries in a week, so
the differences are the work of the prices. Intervals are 95 % confidence intervals of the mean of the weeks' differences (Student's t).

Each shop has fixed prices for two days, runs for a week with the policy, and is then judged for a week. So what a policy leaves in stock
is what it begins with. Prices are chosen once an hour and not with every window of 100 s; with the default rails
(\`solutions/sneaker-pricing/decision/rails.ts\`), that is often enough. All policies keep to the rails. Each change is checked against the definition of every rail but confidence, which
only the decision knows.

The decision was tuned on the seeds 101 to 108 only, and so were the bounds of "follow the stock": it has the best ones of six that
were tried. The seeds of this judgement were looked at once, at the end.`

const policiesSection = ({ policies }: Summary): string => `## Revenue and profit

Means of a week. Profit is revenue without the cost of the pairs sold.

| policy | revenue | beside fixed prices | profit | beside fixed prices | pairs | changes per product and day | rails broken |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
${Object.values(policies)
  .map(({ title, revenue, profit, units, changesPerProductAndDay, brokenRails, gain }) =>
    row(
      title,
      money(revenue),
      title === policies.fixed.title ? '' : shown(gain.revenuePercent),
      money(profit),
      title === policies.fixed.title ? '' : shown(gain.profitPercent),
      Math.round(units).toLocaleString('en-US'),
      changesPerProductAndDay.toFixed(2),
      brokenRails,
    ),
  )
  .join('\n')}

The rivals: "cost plus" sets the cost and 90 % of it. "Follow the stock" raises the price by 5 % while the stock will not last until the
delivery at the usual rate, and lowers it by 5 % while it would last more than twice as long. The model that is not told of deliveries
assumes that each is half a week away.`

const rivalsSection = (summary: Summary, weeks: readonly Week[]): string => `## The model beside its rivals

| beside | revenue | | profit | |
| --- | ---: | --- | ---: | --- |
${rival('fixed prices', summary.policies.model.gain)}
${rival('cost plus', summary.model.besideCostPlus)}
${rival('follow the stock', summary.model.besideFollowStock)}

The model had less revenue than fixed prices in ${lostWeeks(weeks, 'fixed')} of ${weeks.length} weeks, and less than "follow the stock" in ${lostWeeks(weeks, 'followStock')}.`

const kindsSection = (summary: Summary): string => `## Where it wins, and where not

Revenue of the model by what happened to a product at fixed prices. A product can be of several kinds. The last column counts the products
with which the model earned less in their week than fixed prices.

| kind of product | products and weeks | beside fixed prices | | beside "follow the stock" | | lost |
| --- | ---: | ---: | --- | ---: | --- | ---: |
${KIND_NAMES.map((kind) => kindRow(KIND_TEXTS[kind], summary.kinds[kind])).join('\n')}

In short: beside fixed prices, the model earns ${inShort(summary, 'besideFixed')}.
Beside "follow the stock", it earns ${inShort(summary, 'besideFollowStock')}.`

const LIMITS = `## Limits

- The shop is the one from which the model learned: other products and other chance, but the same kinds of shoppers. Its competitors do
  not react to prices.
- A price changes demand until the delivery in the proportion in which it changes that of the next hour, and a trend fades in eight
  hours. Knowing the shop's true rhythm of the week would bring about 0.1 % more revenue (seeds 101 to 108).
- Revenue is what is maximized. Profit comes second: with the cost of the pairs in the objective, it was higher and revenue lower.`

const kindRow = (text: string, { products, lost, besideFixed, besideFollowStock }: KindSummary): string =>
  row(
    text,
    products,
    shown(besideFixed),
    word(besideFixed),
    shown(besideFollowStock),
    word(besideFollowStock),
    `${Math.round((lost / products) * 100)} %`,
  )
const rival = (title: string, { revenuePercent, profitPercent }: Comparison): string =>
  row(title, shown(revenuePercent), word(revenuePercent), shown(profitPercent), word(profitPercent))
const row = (...cells: readonly (string | number)[]): string => `| ${cells.join(' | ')} |`
const money = (value: number): string => Math.round(value).toLocaleString('en-US')
const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)}`
const word = (interval: Interval): string => VERDICTS[verdictOf(interval)]

function shown({ mean, low, high }: Interval): string {
  const range = low === null || high === null ? '' : ` (${signed(low)} to ${signed(high)})`
  return `${signed(mean)} %${range}`
}

function inShort({ kinds }: Summary, beside: 'besideFixed' | 'besideFollowStock'): string {
  const verdicts = Object.groupBy(KIND_NAMES, (kind) => verdictOf(kinds[kind][beside]))
  return (['more', 'less', 'unclear'] as const)
    .flatMap((verdict) => {
      const names = verdicts[verdict]?.map((kind) => SHORT_TEXTS[kind]).join(', ')
      return names === undefined ? [] : [`${SHORT_VERDICTS[verdict]} with ${names}`]
    })
    .join('; ')
}

const lostWeeks = (weeks: readonly Week[], beside: 'fixed' | 'followStock'): number =>
  weeks.filter(({ policies }) => policies.model.revenue < policies[beside].revenue).length
