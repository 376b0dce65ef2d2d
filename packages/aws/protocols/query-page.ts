/** Answers to people who open the link of an operation that needs no signature. */
import type { FastifyRequest } from 'fastify'
import type { Answer } from '../answer.ts'
import type { PageText } from '../api.ts'
import { element, escaped } from './xml.ts'

/** A page that loads nothing and runs nothing. The links of operations may hold tokens, so it is not kept. */
const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
}

/** Browsers ask for this type. Other clients do not, even if they take HTML as well. */
export function isFromBrowser({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && /\bapplication\/xhtml\+xml\b/.test(headers.accept ?? '')
}

export function page(status: number, { title, paragraphs, link }: PageText): Answer {
  const texts = paragraphs.map((text) => element('p', escaped(text)))
  if (link !== undefined) texts.push(`<p><a href="${escaped(link.href)}">${escaped(link.text)}</a></p>`)
  const head = `<meta charset="utf-8">${element('title', escaped(title))}<meta name="viewport" content="width=device-width">`
  const body = Buffer.from(
    `<!doctype html><html lang="en"><head>${head}</head><body><main>${element('h1', escaped(title))}${texts.join('')}</main></body></html>\n`,
  )
  return { status, body, contentType: 'text/html; charset=utf-8', headers: HEADERS }
}
