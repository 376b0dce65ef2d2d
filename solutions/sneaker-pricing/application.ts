/** What the page of the prices shows, and the prices that people set on it. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ApplicationDefinition, ApplicationDeps } from '../solution.ts'
import { ShopView } from './shop-view.ts'

const MINUTE_MS = 60_000
const MAX_PRICE_CENTS = 10_000_000
const MAX_HOLD_MINUTES = 43_200
const PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[\\x21-\\x7e]{1,100}$' } },
} as const
const EDIT = {
  type: 'object',
  additionalProperties: false,
  required: ['priceCents'],
  properties: {
    priceCents: { type: 'integer', minimum: 1, maximum: MAX_PRICE_CENTS },
    holdMinutes: { type: 'integer', minimum: 0, maximum: MAX_HOLD_MINUTES, default: 60 },
  },
} as const

interface One {
  readonly Params: { readonly id: string }
}

interface Edit extends One {
  readonly Body: { readonly priceCents: number; readonly holdMinutes: number }
}

export const application: ApplicationDefinition = {
  async open(deps) {
    const view = await ShopView.open(deps)
    return {
      routes: (app) => mount(app, view, deps),
      async snapshot() {
        await view.read()
        return view.snapshot()
      },
    }
  },
}

type Topic = Parameters<ApplicationDeps['requireRead']>[1]

function mount(app: FastifyInstance, view: ShopView, deps: ApplicationDeps): void {
  const { identify, requireRead } = deps
  const reads = (topic: Topic) => ({
    schema: { params: PARAMS },
    onRequest: async (request: FastifyRequest<any>) => requireRead(identify(request), topic),
  })
  const answer = async (reply: FastifyReply, content: () => object) => {
    await view.read()
    return reply.header('cache-control', 'no-store').send(content())
  }
  app.get('/v1/sneakers', reads('sneaker.catalogue'), async (_, reply) =>
    answer(reply, () => ({ products: view.products() })),
  )
  app.get<One>('/v1/sneakers/:id/windows', reads('sneaker.windows'), async ({ params: { id } }, reply) =>
    answer(reply, () => ({ windows: view.windowsOf(id) })),
  )
  app.get<One>('/v1/sneakers/:id/decisions', reads('sneaker.decisions'), async ({ params: { id } }, reply) =>
    answer(reply, () => ({ decisions: view.decisionsOf(id) })),
  )
  app.put<Edit>(
    '/v1/sneakers/:id/price',
    { schema: { params: PARAMS, body: EDIT } },
    async (request, reply) => setPrice(request, reply, view, deps),
  )
}

async function setPrice(
  request: FastifyRequest<Edit>,
  reply: FastifyReply,
  { catalogue }: ShopView,
  { identify, publish }: ApplicationDeps,
): Promise<FastifyReply> {
  const client = identify(request)
  const { id: productId } = request.params
  const { priceCents, holdMinutes } = request.body
  if (!catalogue.has(productId))
    return reply
      .code(404)
      .send({ error: { code: 'unknown-product', message: 'The catalogue does not have this product.' } })
  const eventTime = Date.now()
  const by = client.name ?? 'the shop'
  const edit = { productId, eventTime, priceCents, holdMs: holdMinutes * MINUTE_MS, by }
  await publish(client, 'sneaker.edits', edit, `${productId}-${eventTime}`)
  return reply.code(202).send()
}
