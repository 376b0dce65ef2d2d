/** Judges the policies over simulated weeks, all with the same shoppers. */
import type { PolicyName, policiesWith } from './policies.ts'
import { KINDS, type Kind, type ProductWeek, shopWeek } from './shop-week.ts'
import { type Interval, intervalOf, meanOf } from './statistics.ts'

type ByPolicy<T> = Readonly<Record<PolicyName, T>>

/** Money in whole currency units and cents. */
export interface Result {
  readonly revenue: number
  readonly profit: number
  readonly units: number
  readonly changes: number
  readonly brokenRails: number
}

/** The products of a kind. A product can be of several kinds, and of none: `other`. */
export interface KindResult {
  readonly products: number
  readonly revenue: ByPolicy<number>
  /** Products with which the model had less revenue than fixed prices. */
  readonly lost: number
}

export interface Week {
  readonly seed: number
  readonly products: number
  readonly policies: ByPolicy<Result>
  readonly kinds: { readonly [kind in Kind | 'other']?: KindResult }
}

export interface Comparison {
  /** The mean difference over the weeks, %, with its 95 % interval. */
  readonly revenuePercent: Interval
  readonly profitPercent: Interval
}

export interface PolicySummary {
  readonly title: string
  /** Means of a week. */
  readonly revenue: number
  readonly profit: number
  readonly units: number
  readonly changesPerProductAndDay: number
  readonly brokenRails: number
  /** Beside fixed prices. */
  readonly gain: Comparison
}

export interface KindSummary {
  /** Products and weeks. */
  readonly products: number
  readonly lost: number
  /** The model beside others, weeks without such products left out. In %. */
  readonly besideFixed: Interval
  readonly besideFollowStock: Interval
}

export interface Summary {
  readonly policies: ByPolicy<PolicySummary>
  /** The model beside the simple rivals. */
  readonly model: { readonly besideCostPlus: Comparison; readonly besideFollowStock: Comparison }
  readonly kinds: Readonly<Record<Kind | 'other', KindSummary>>
}

type Policies = ReturnType<typeof policiesWith>
const DAYS_PER_WEEK = 7

/** Always the same for a seed. */
export async function judgeWeek(seed: number, policies: Policies): Promise<Week> {
  const names = Object.keys(policies) as PolicyName[]
  const weeks = new Map<PolicyName, readonly ProductWeek[]>()
  const results: [PolicyName, Result][] = []
  for (const name of names) {
    const { products, brokenRails } = await shopWeek(seed, policies[name])
    weeks.set(name, products)
    results.push([name, { ...totalOf(products), brokenRails }])
  }
  const fixed = weeks.get('fixed')!
  const kinds = ([...KINDS, 'other'] as const).flatMap((kind) => {
    const chosen = fixed.flatMap(({ kinds }, i) =>
      (kind === 'other' ? kinds.size === 0 : kinds.has(kind)) ? [i] : [],
    )
    if (chosen.length === 0) return []
    const of = (name: PolicyName): ProductWeek[] => chosen.map((i) => weeks.get(name)![i])
    const revenue = byPolicy(names, (name) => totalOf(of(name)).revenue)
    const model = of('model')
    const lost = of('fixed').filter((one, i) => model[i].revenueCents < one.revenueCents).length
    return [[kind, { products: chosen.length, revenue, lost }] as const]
  })
  return {
    seed,
    products: fixed.length,
    policies: Object.fromEntries(results) as unknown as ByPolicy<Result>,
    kinds: Object.fromEntries(kinds),
  }
}

function totalOf(products: readonly ProductWeek[]): Omit<Result, 'brokenRails'> {
  const sum = (value: (one: ProductWeek) => number): number =>
    products.reduce((total, one) => total + value(one), 0)
  const revenueCents = sum((one) => one.revenueCents)
  return {
    revenue: revenueCents / 100,
    profit: (revenueCents - sum(({ units, product }) => units * product.costCents)) / 100,
    units: sum(({ units }) => units),
    changes: sum(({ changes }) => changes),
  }
}

export function summaryOf(weeks: readonly Week[], policies: Policies): Summary {
  const names = Object.keys(policies) as PolicyName[]
  const mean = (name: PolicyName, key: keyof Result): number =>
    meanOf(weeks.map((week) => week.policies[name][key]))
  return {
    policies: byPolicy(names, (name) => ({
      title: policies[name].title,
      revenue: mean(name, 'revenue'),
      profit: mean(name, 'profit'),
      units: mean(name, 'units'),
      changesPerProductAndDay: meanOf(
        weeks.map((week) => week.policies[name].changes / week.products / DAYS_PER_WEEK),
      ),
      brokenRails: weeks.reduce((sum, week) => sum + week.policies[name].brokenRails, 0),
      gain: compared(weeks, name, 'fixed'),
    })),
    model: {
      besideCostPlus: compared(weeks, 'model', 'costPlus'),
      besideFollowStock: compared(weeks, 'model', 'followStock'),
    },
    kinds: Object.fromEntries(
      ([...KINDS, 'other'] as const).map((kind) => [kind, kindSummary(weeks, kind)]),
    ) as Summary['kinds'],
  }
}

const percent = (value: number, beside: number): number => (value / beside - 1) * 100

const compared = (weeks: readonly Week[], name: PolicyName, beside: PolicyName): Comparison => {
  const gain = (key: 'revenue' | 'profit'): Interval =>
    intervalOf(weeks.map(({ policies }) => percent(policies[name][key], policies[beside][key])))
  return { revenuePercent: gain('revenue'), profitPercent: gain('profit') }
}

function kindSummary(weeks: readonly Week[], kind: Kind | 'other'): KindSummary {
  const found = weeks.flatMap(({ kinds }) => kinds[kind] ?? [])
  const sum = (value: (one: KindResult) => number): number =>
    found.reduce((total, one) => total + value(one), 0)
  const beside = (name: PolicyName): Interval =>
    intervalOf(found.map(({ revenue }) => percent(revenue.model, revenue[name])))
  return {
    products: sum(({ products }) => products),
    lost: sum(({ lost }) => lost),
    besideFixed: beside('fixed'),
    besideFollowStock: beside('followStock'),
  }
}

const byPolicy = <T>(names: readonly PolicyName[], value: (name: PolicyName) => T): ByPolicy<T> =>
  Object.fromEntries(names.map((name) => [name, value(name)])) as unknown as ByPolicy<T>
