/** The static files of a page, the libraries that it loads, and the kit that all pages share. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export interface PageFiles {
  /** The page is at /NAME/: lower case and dashes; the page without a name is at /. */
  readonly name: string
  /** The folder of static files: index.html and what it loads. */
  readonly folder: URL
  /**
   * Files of npm packages that the page loads, as path under the page → file, resolved from the folder:
   * { 'echarts.js': 'echarts/dist/echarts.common.min.js' }.
   */
  readonly libraries: Readonly<Record<string, string>>
}

const gzip = promisify(gzipCallback)

/** Every page has it at kit/, so that a page's address is all that a proxy must know. */
const KIT = new URL('web/', import.meta.url)

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

/** The path of a page, with its slash at the end. */
export const pathOf = (name: string): string => (name === '' ? '/' : `/${name}/`)

/**
 * Mounts the page's path with index.html, the files beside it, the kit and the libraries. Browsers revalidate the
 * files by ETag each time, so a new version shows at once.
 */
export async function mountFiles(
  app: FastifyInstance,
  { name, folder, libraries }: PageFiles,
): Promise<void> {
  const at = pathOf(name)
  await mountFolder(app, folder, at)
  await mountFolder(app, KIT, `${at}kit/`)
  if (name !== '') app.get(`/${name}`, (_, reply) => reply.redirect(at, 308))
  for (const [path, file] of Object.entries(libraries)) app.get(`${at}${path}`, await library(folder, file))
}

async function mountFolder(app: FastifyInstance, root: URL, prefix: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    prefix,
    decorateReply: false,
    cacheControl: false,
    allowedPath: (path) => path.endsWith('/') || SERVED.test(path),
    setHeaders: (reply) => {
      reply.headers({ ...SECURITY_HEADERS, 'cache-control': 'no-cache' })
    },
  })
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
