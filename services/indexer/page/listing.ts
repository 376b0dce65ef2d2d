/** Serves /: a redirect to the page if there is only one, otherwise a list of the pages. */
import type { FastifyInstance } from 'fastify'
import { SECURITY_HEADERS } from './files.ts'
import type { PagedSolution } from './index.ts'

export function mountListing(app: FastifyInstance, solutions: readonly PagedSolution[]): void {
  const [only] = solutions
  app.get('/', (_, reply) => {
    if (solutions.length === 1) return reply.redirect(`/${only.name}/`, 302)
    return reply.headers(SECURITY_HEADERS).type('text/html; charset=utf-8').send(listing(solutions))
  })
}

function listing(solutions: readonly PagedSolution[]): string {
  const items = solutions
    .map(({ name, title }) => `<li><a href="/${name}/">${escape(title ?? name)}</a></li>`)
    .join('\n')
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Weir</title>
<h1>Weir</h1>
${solutions.length === 0 ? '<p>No solution runs here. Name some in WEIR_SOLUTIONS.</p>' : `<ul>\n${items}\n</ul>`}
</html>
`
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)
}
