/** Serves /: a redirect to the page if there is only one, otherwise a list of the pages. */
import type { FastifyInstance } from 'fastify'
import { SECURITY_HEADERS } from './files.ts'

interface Listed {
  readonly name: string
  readonly title: string
}

export function mountListing(app: FastifyInstance, pages: readonly Listed[]): void {
  const [only] = pages
  app.get('/', (_, reply) => {
    if (pages.length === 1) return reply.redirect(`/${only.name}/`, 302)
    return reply.headers(SECURITY_HEADERS).type('text/html; charset=utf-8').send(listing(pages))
  })
}

function listing(pages: readonly Listed[]): string {
  const items = pages.map(({ name, title }) => `<li><a href="/${name}/">${escape(title)}</a></li>`).join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Weir</title>
<h1>Weir</h1>
${pages.length === 0 ? '<p>No solutions run here. Name some in WEIR_SOLUTIONS.</p>' : `<ul>\n${items}\n</ul>`}
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
