/**
 * The links in notifications by which people acknowledge incidents, without a key: the token in the link is the
 * right. Opening a link changes nothing, since programs that check mail for malware open links too. The button does.
 */
import { timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Incident } from '@weir/contracts'
import { SECURITY_HEADERS } from '@weir/pages'
import { HttpError } from '@weir/service'
import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Incidents } from './incidents.ts'
import { linkPage } from './link-page.ts'
import { found, requested } from './routes.ts'

const STYLE = readFileSync(new URL('link.css', import.meta.url))

const PARAMS = {
  type: 'object',
  properties: { id: { type: 'string', pattern: '^[0-9a-f-]{36}$' } },
} as const
const QUERY = {
  type: 'object',
  required: ['token'],
  properties: { token: { type: 'string', pattern: '^[\\w-]{43}$' } },
} as const

interface Link {
  readonly Params: { readonly id: string }
  readonly Querystring: { readonly token: string }
}

export function linkRoutes(app: FastifyInstance, incidents: Incidents): void {
  const schema = { params: PARAMS, querystring: QUERY }

  app.get('/incidents/link.css', (_, reply) =>
    reply
      .headers(SECURITY_HEADERS)
      .header('cache-control', 'public, max-age=3600')
      .type('text/css')
      .send(STYLE),
  )

  app.get<Link>('/incidents/:id', { schema }, async ({ params: { id }, query: { token } }, reply) =>
    page(reply, linkPage(await shownBy(incidents, id, token))),
  )

  // A form without fields has a body without bytes.
  app.register(async (scope) => {
    scope.addContentTypeParser(
      'application/x-www-form-urlencoded',
      { bodyLimit: 1024 },
      (_request, body, done) => {
        body.resume()
        body.on('end', () => done(null))
      },
    )
    scope.post<Link>('/incidents/:id', { schema }, async ({ params: { id }, query: { token } }, reply) => {
      const incident = await shownBy(incidents, id, token)
      return page(reply, linkPage(await requested(incidents, incident, 'acknowledge', 'a link')))
    })
  })
}

/** Resolves to the incident whose link has the token. */
async function shownBy(incidents: Incidents, id: string, token: string): Promise<Incident> {
  const incident = await found(incidents, id)
  if (!timingSafeEqual(Buffer.from(incident.token), Buffer.from(token)))
    throw new HttpError(
      404,
      'unknown-incident',
      'There is no such incident; it may have been opened again since.',
    )
  return incident
}

function page(reply: FastifyReply, html: string): FastifyReply {
  const policy = SECURITY_HEADERS['content-security-policy'].replace(
    "form-action 'none'",
    "form-action 'self'",
  )
  return reply
    .headers({
      ...SECURITY_HEADERS,
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    .type('text/html; charset=utf-8')
    .send(html)
}
