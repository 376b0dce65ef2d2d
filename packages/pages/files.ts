/** The static files of a page, the libraries that it loads, and the kit that all pages share. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip as gzipCallback } from 'node:zlib'
import fastifyStatic from '@fastify/static'
import { Eta } from 'eta'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

export interface PageFiles {
  /** The page is at /NAME/: lower case and dashes; the page without a name is at /. */
  readonly name: string
  /** The folder of index.html, a template that may fill a layout of layouts/, and of the files that it loads. */
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

const LAYOUTS = new URL('layouts/', import.meta.url)

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
const INDEX = 'index.html'
const REVALIDATED = 'no-cache'

/** The path of a page, with its slash at the end. */
export const pathOf = (name: string): string => (name === '' ? '/' : `/${name}/`)

/**
 * Mounts the page's path with index.html, the files beside it, the kit and the libraries. Browsers revalidate the
 * files by ETag each time, so a new version shows at once. Throws if index.html cannot be rendered.
 */
export async function mountFiles(
  app: FastifyInstance,
  { name, folder, libraries }: PageFiles,
): Promise<void> {
  const at = pathOf(name)
  const index = await held(await rendered(folder), 'text/html; charset=utf-8', REVALIDATED)
  for (const path of [at, `${at}${INDEX}`]) app.get(path, index)
  await mountFolder(app, folder, at)
  await mountFolder(app, KIT, `${at}kit/`)
  if (name !== '') app.get(`/${name}`, (_, reply) => reply.redirect(at, 308))
  for (const [path, file] of Object.entries(libraries)) {
    const bytes = await readFile(createRequire(folder).resolve(file))
    app.get(`${at}${path}`, await held(bytes, 'text/javascript; charset=utf-8', 'public, max-age=3600'))
  }
}

/** Renders the page's index.html once, because it changes only with a release. */
async function rendered(folder: URL): Promise<Buffer> {
  const templates = new Eta()
  for (const name of ['head', 'page'])
    templates.loadTemplate(`@${name}`, await readFile(new URL(`${name}.html`, LAYOUTS), 'utf8'))
  const file = new URL(INDEX, folder)
  const template = await readFile(file, 'utf8')
  try {
    return Buffer.from(templates.renderString(template, {}))
  } catch (error) {
    const { message } = error as Error
    throw new Error(`${fileURLToPath(file)} cannot be rendered; correct the template. ${message}`, {
      cause: error,
    })
  }
}

async function mountFolder(app: FastifyInstance, root: URL, prefix: string): Promise<void> {
  await app.register(fastifyStatic, {
    root,
    prefix,
    decorateReply: false,
    cacheControl: false,
    index: false,
    allowedPath: (path) => SERVED.test(path) && path !== `/${INDEX}`,
    setHeaders: (reply) => {
      reply.headers({ ...SECURITY_HEADERS, 'cache-control': REVALIDATED })
    },
  })
}

/**
 * Serves bytes that change only with a release: compressed once and kept in memory.
 */
async function held(
  plain: Buffer,
  type: string,
  cacheControl: string,
): Promise<(request: FastifyRequest, reply: FastifyReply) => FastifyReply> {
  const packed = await gzip(plain, { level: 9 })
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`
  return (request, reply) => {
    reply
      .headers({ ...SECURITY_HEADERS, etag, 'cache-control': cacheControl, vary: 'accept-encoding' })
      .type(type)
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(plain)
    return reply.header('content-encoding', 'gzip').send(packed)
  }
}
