/** The static files of a page and the libraries it loads. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { PagedSolution } from './index.ts'

const gzip = promisify(gzipCallback)

/**
 * A page loads nothing from elsewhere, runs no inline script or style, and is framed only by pages of its own
 * origin.
 */
export const SECURITY_HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'geolocation=(), camera=(), microphone=()',
}

/** Only these kinds of files are served, because tests and notes may be in the page's folder as well. */
const SERVED = /\.(html|css|js|svg|png|ico|webmanifest)$/

/**
 * Mounts /NAME/ with index.html, the files beside it, and the libraries. Browsers revalidate the files by
 * ETag each time, so a new version shows at once.
 */
export async function mountFiles(app: FastifyInstance, { name, page }: PagedSolution): Promise<void> {
  await app.register(fastifyStatic, {
    root: page.folder,
    prefix: `/${name}/`,
    decorateReply: false,
    cacheControl: false,
    allowedPath: (path) => path.endsWith('/') || SERVED.test(path),
    setHeaders: (reply) => {
      reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-cache' })
    },
  })
  app.get(`/${name}`, (_, reply) => reply.redirect(`/${name}/`, 308))
  for (const [path, file] of Object.entries(page.libraries))
    app.get(`/${name}/${path}`, await library(page.folder, file))
}

/**
 * Serves a library. Libraries are large and change only with a release, so each is compressed once, kept in
 * memory, and cached by browsers for an hour.
 */
async function library(
  folder: URL,
  file: string,
): Promise<(request: FastifyRequest, reply: FastifyReply) => FastifyReply> {
  const plain = await readFile(createRequire(folder).resolve(file))
  const packed = await gzip(plain, { level: 9 })
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return (request, reply) => {
    reply
      .headers({
        ...SECURITY_HEADERS,
        etag,
        'cache-control': 'public, max-age=3600',
        vary: 'accept-encoding',
      })
      .type('text/javascript; charset=utf-8')
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(plain)
    return reply.header('content-encoding', 'gzip').send(packed)
  }
}
