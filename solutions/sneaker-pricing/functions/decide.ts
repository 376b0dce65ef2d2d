/**
 * The solution's Lambda function: changes of demand in, decisions about prices out. It reads the catalogue, the market
 * and the rails, and asks an endpoint of SageMaker for the demand at all candidate prices. It changes no price itself.
 * Whoever makes a change must do so with the time of the decision as `priceChangedAt`.
 */
import { BatchGetItemCommand, DynamoDBClient, paginateScan } from '@aws-sdk/client-dynamodb'
import { InvokeEndpointCommand, SageMakerRuntimeClient } from '@aws-sdk/client-sagemaker-runtime'
import { Redis } from 'ioredis'
import { type Ask, type Question, questionOf, type Unasked } from '../decision/candidates.ts'
import { decide, type Prediction } from '../decision/decide.ts'
import { ALL_PRODUCTS, type RailsEntry, railsOf } from '../decision/rails.ts'
import { inWords } from '../decision/words.ts'
import { csvOf, decisionRecord, type OutputRecord, unitsIn } from './answers.ts'
import { type Demand, type Item, newestDemands, productOf, type StreamRecord } from './items.ts'
import { RecentChanges } from './recent-changes.ts'

/** Their questions are one request to the endpoint, of some 900 rows and 150 KB. */
const MAX_PRODUCTS_AT_ONCE = 30
/** A decision of this window is of no use when the next one is there. */
const PREDICTION_MS = 3000
const HOUR_MS = 3_600_000

const { CATALOGUE_TABLE, MARKET_TABLE, ENDPOINT_NAME, PRICE_RAILS, REDIS_URL } = process.env as Record<
  string,
  string
>
const dynamo = new DynamoDBClient({})
const sageMaker = new SageMakerRuntimeClient({})
const redis = new Redis(REDIS_URL, { commandTimeout: 2000, maxRetriesPerRequest: 1 })
redis.on('error', (error) => console.error(`Redis: ${error.message}`))
/** The environment is the only one of its function, so it knows all decisions. */
const changes = new RecentChanges()

export const handler = async ({ Records }: { readonly Records: readonly StreamRecord[] }) => {
  const demands = newestDemands(Records, (eventID, why) => console.error(`${eventID} is not an item: ${why}`))
  const records: OutputRecord[] = []
  for (let from = 0; from < demands.length; from += MAX_PRODUCTS_AT_ONCE)
    records.push(...(await decisionsOf(demands.slice(from, from + MAX_PRODUCTS_AT_ONCE))))
  return { records }
}

/** Rejects if the catalogue or the rails cannot be read: the batch comes again. */
async function decisionsOf(demands: readonly Demand[]): Promise<OutputRecord[]> {
  const newest = Math.max(...demands.map(({ counts }) => counts.at))
  const [items, rails] = await Promise.all([itemsOf(demands), railsFor(demands), noteChanges(newest)])
  const asked = demands.flatMap((demand) => {
    const item = items.get(demand.productId)
    if (item === undefined) console.error(`${demand.productId} is not in ${CATALOGUE_TABLE}.`)
    return item === undefined ? [] : askedOf(demand, item, rails)
  })
  const predictions = await predictionsOf(asked.map(({ question }) => question))
  return asked.map(({ situation, question }, i) => {
    const { at } = situation.counts
    const complete = { ...situation, changesLastHour: changes.before(at) }
    const decision = decide(complete, question, predictions?.[i] ?? null)
    if (decision.decision === 'change') changes.add(decision.productId, at)
    return decisionRecord(decision, inWords(decision))
  })
}

interface Asked {
  readonly situation: Ask
  readonly question: Question | Unasked
}

function askedOf({ productId, counts }: Demand, item: Item, rails: ReadonlyMap<string, RailsEntry>): Asked[] {
  try {
    const product = productOf(item)
    const situation = { product, counts, rails: railsOf(rails.get(ALL_PRODUCTS), rails.get(productId)) }
    return [{ situation, question: questionOf(situation) }]
  } catch (error) {
    console.error(`${productId} cannot be decided upon: ${(error as Error).message}`)
    return []
  }
}

/** Resolves to the items of the catalogue, each with what the market says. */
async function itemsOf(demands: readonly Demand[]): Promise<ReadonlyMap<string, Item>> {
  const Keys = demands.map(({ productId }) => ({ productId: { S: productId } }))
  const command = new BatchGetItemCommand({
    RequestItems: { [CATALOGUE_TABLE]: { Keys, ConsistentRead: true }, [MARKET_TABLE]: { Keys } },
  })
  const { Responses, UnprocessedKeys } = await dynamo.send(command)
  if (Object.keys(UnprocessedKeys ?? {}).length > 0) throw new Error('The tables did not give all items.')
  const itemsIn = (table: string) => (Responses?.[table] ?? []) as Item[]
  const market = new Map(itemsIn(MARKET_TABLE).map((item) => [item.productId.S!, item]))
  return new Map(
    itemsIn(CATALOGUE_TABLE).map((item) => [
      item.productId.S!,
      { ...market.get(item.productId.S!), ...item },
    ]),
  )
}

/** Takes in the changes in the catalogue in the hour before. */
async function noteChanges(at: number): Promise<void> {
  const pages = paginateScan(
    { client: dynamo },
    {
      TableName: CATALOGUE_TABLE,
      ProjectionExpression: 'productId, priceChangedAt',
      FilterExpression: 'priceChangedAt > :since',
      ExpressionAttributeValues: { ':since': { N: String(at - HOUR_MS) } },
    },
  )
  for await (const { Items = [] } of pages)
    for (const { productId, priceChangedAt } of Items as Item[])
      changes.add(productId.S!, Number(priceChangedAt.N))
}

async function railsFor(demands: readonly Demand[]): Promise<ReadonlyMap<string, RailsEntry>> {
  const ids = [ALL_PRODUCTS, ...demands.map(({ productId }) => productId)]
  const entries = await redis.hmget(PRICE_RAILS, ...ids)
  return new Map(
    ids.flatMap((id, i) => {
      const json = entries[i]
      return json === null ? [] : [[id, JSON.parse(json) as RailsEntry] as const]
    }),
  )
}

/** Resolves with the predictions of each question; null if the endpoint does not answer. */
async function predictionsOf(questions: readonly (Question | Unasked)[]): Promise<Prediction[] | null> {
  const rows = questions.map((question) => (typeof question === 'string' ? [] : question.rows))
  if (rows.every(({ length }) => length === 0)) return null
  const command = new InvokeEndpointCommand({
    EndpointName: ENDPOINT_NAME,
    ContentType: 'text/csv',
    Accept: 'text/csv',
    Body: csvOf(rows.flat()),
  })
  try {
    const abortSignal = AbortSignal.timeout(PREDICTION_MS)
    const { Body, InvokedProductionVariant } = await sageMaker.send(command, { abortSignal })
    const model = { modelName: ENDPOINT_NAME, modelVersion: InvokedProductionVariant ?? '' }
    const shares = unitsIn(
      Body.transformToString(),
      rows.map(({ length }) => length),
    )
    return shares.map((units) => ({ ...model, units }))
  } catch (error) {
    console.error(`The endpoint ${ENDPOINT_NAME} did not answer: ${(error as Error).message}`)
    return null
  }
}
