import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { fastify } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { mountFiles, SECURITY_HEADERS } from './files.ts'

async function openFolder(index: string) {
  const folder = await mkdtemp(join(tmpdir(), 'weir-page-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await writeFile(join(folder, 'index.html'), index)
  await writeFile(join(folder, 'main.js'), 'export {}')
  const app = fastify()
  onTestFinished(() => app.close())
  const mounted = mountFiles(app, { name: 'a-page', folder: pathToFileURL(`${folder}/`), libraries: {} })
  return { app, folder, mounted }
}

const PAGE = `<% layout('@page', {
  title: 'A & B <i>',
  description: '"quoted" <script>alert(1)</script>',
  styles: ['style.css'],
  scripts: ['library.js'],
  heading: 'A & B',
  about: 'less < more',
  skip: { to: 'list', text: 'Skip to the list' },
  nav: { list: 'The "list"' },
}) %>
<ul id="list"></ul>
<% block('foot', () => { %>
As JSON: <code>weir</code>.
<% }) %>
`

test('a page fills the layout, and what it says of itself is escaped', async () => {
  const { app, mounted } = await openFolder(PAGE)
  await mounted
  const { body, headers } = await app.inject('/a-page/')
  expect(headers).toMatchObject({ ...SECURITY_HEADERS, 'cache-control': 'no-cache' })
  expect(headers['content-type']).toBe('text/html; charset=utf-8')
  for (const part of [
    '<title>A &amp; B &lt;i&gt;</title>',
    'content="&quot;quoted&quot; &lt;script&gt;alert(1)&lt;/script&gt;"',
    '<link rel="stylesheet" href="kit/style/base.css">',
    '<link rel="stylesheet" href="style.css">',
    '<script src="library.js" defer></script>',
    '<a class="skip" href="#list">Skip to the list</a>',
    '<h1>A &amp; B</h1>',
    '<p>less &lt; more</p>',
    '<a href="#list">The &quot;list&quot;</a>',
    '<ul id="list"></ul>',
    'As JSON: <code>weir</code>.',
  ])
    expect(body).toContain(part)
  expect(body).not.toContain('<%')
})

test('no path gives the template itself', async () => {
  const { app, mounted } = await openFolder(PAGE)
  await mounted
  const paths = [
    'index.html',
    './index.html',
    '/index.html',
    '%69ndex.html',
    'x/../index.html',
    '%2findex.html',
  ]
  for (const path of paths) expect((await app.inject(`/a-page/${path}`)).body).not.toContain('<%')
})

test('a page without a layout is served as it is, and again only if it changed', async () => {
  const plain = '<!doctype html><title>Plain</title>\n'
  const { app, mounted } = await openFolder(plain)
  await mounted
  const { body, headers } = await app.inject('/a-page/')
  expect(body).toBe(plain)
  const again = await app.inject({ url: '/a-page/', headers: { 'if-none-match': headers.etag as string } })
  expect([again.statusCode, again.body]).toEqual([304, ''])
  expect((await app.inject('/a-page/main.js')).headers['cache-control']).toBe('no-cache')
})

test('a template with an error is named', async () => {
  const { folder, mounted } = await openFolder('<p>\n<% if ( %>')
  await expect(mounted).rejects.toThrow(`${join(folder, 'index.html')} cannot be rendered`)
})
