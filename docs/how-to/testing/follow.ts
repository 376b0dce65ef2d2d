/**
 * Follows how-to pages to the letter, in a copy of the repository: writes their files, applies their changes,
 * runs their commands. Pages that talk to Weir have a hub and an enricher of their own, at which the addresses
 * of `npm start` point then; pages about notifications also have an alerter, and those about
 * tables and models have pricing, and those about delivery streams an indexer.
 */
import { execFile } from 'node:child_process'
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { copyCheckout } from '../../../test/checkout.ts'
import type { Weir } from './weir.ts'

const FOLDER = join(import.meta.dirname, '..')

/** Pages take minutes, so they are divided among files that run at the same time. Every page is in one group. */
export type Group = 'new' | 'add' | 'move'
/** These pages begin with `weir new`, and take longest. */
const NEW = ['add-a-service.md', 'add-a-solution.md']
const groupOf = (page: string): Group =>
  /^(move|bring)-/.test(page) ? 'move' : NEW.includes(page) ? 'new' : 'add'

const NOTHING_RUNS: Weir = { addresses: {}, env: {}, stop: async () => {} }

interface Block {
  readonly language: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, language, attributes, text]) => ({
    language,
    text,
    attributes: Object.fromEntries(
      [...attributes.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [
        name,
        quoted ?? plain,
      ]),
    ),
  }))
}

/**
 * Removes the lines with a minus and inserts those with a plus; the other lines must match one place only.
 */
async function change(file: string, diff: string): Promise<void> {
  const lines = diff.split('\n').slice(0, -1)
  const side = (sign: string) =>
    lines
      .filter((line) => line[0] === ' ' || line[0] === sign)
      .map((line) => `${line.slice(1)}\n`)
      .join('')
  const text = await readFile(file, 'utf8')
  expect(text.split(side('-')).length - 1, `the place of a change in ${file}:\n${diff}`).toBe(1)
  await writeFile(
    file,
    text.replace(side('-'), () => side('+')),
  )
}

/**
 * @param attributes fails: what the output of a command that must fail contains; prints: what that of one
 * that must succeed contains
 */
async function run(
  copy: string,
  command: string,
  { fails, prints = '' }: Block['attributes'],
  weir: Weir,
): Promise<void> {
  const path = `${join(copy, 'node_modules/.bin')}:${weir.env.PATH ?? process.env.PATH}`
  // npx keeps packages in npm's cache: this one is removed with the copy.
  const env = {
    ...process.env,
    ...weir.env,
    PATH: path,
    npm_config_cache: join(copy, '.npm'),
    VITEST: undefined,
    NODE_ENV: undefined,
  } as NodeJS.ProcessEnv
  const { code, output } = await promisify(execFile)('bash', ['-ec', command], {
    cwd: copy,
    env,
    maxBuffer: 1 << 26,
  }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error) => ({ code: error.code, output: `${error.stdout}${error.stderr}` }),
  )
  if (fails === undefined) expect(code, output).toBe(0)
  else expect(code, output).not.toBe(0)
  expect(output).toContain(fails ?? prints)
}

export async function followPages(group: Group): Promise<void> {
  const pages = (await readdir(FOLDER)).filter((name) => name.endsWith('.md') && groupOf(name) === group)
  let copy: string

  beforeEach(async () => {
    copy = await copyCheckout(`how-to-${group}`)
  })
  afterEach(() => rm(copy, { recursive: true, force: true, maxRetries: 5 }))

  test.for(pages)('%s works as written', { timeout: 420_000 }, async (name) => {
    const blocks = blocksOf(await readFile(join(FOLDER, name), 'utf8'))
    expect(
      blocks.some(({ language, attributes }) => language === 'sh' && !attributes.file),
      'the page runs something',
    ).toBe(true)
    const keys = blocks.find(({ attributes }) => attributes.file === 'access-keys.json')
    if (keys) await writeFile(join(copy, 'access-keys.json'), keys.text)
    const weir = await weirFor(copy, blocks)
    try {
      for (const block of blocks) await follow(copy, block, weir)
    } finally {
      await weir.stop()
    }
  })
}

async function weirFor(copy: string, blocks: readonly Block[]): Promise<Weir> {
  const has = (address: string): boolean => blocks.some(({ text }) => text.includes(address))
  if (!has('localhost:4566')) return NOTHING_RUNS
  const { startWeir } = await import('./weir.ts')
  return startWeir(copy, [
    ...(has('localhost:8083') ? ['alerter' as const] : []),
    ...(has('localhost:8082') || has('weir models') ? ['pricing' as const] : []),
    ...(has('weir deliveries') ? ['indexer' as const] : []),
  ])
}

async function follow(
  copy: string,
  { language, attributes, text: written }: Block,
  weir: Weir,
): Promise<void> {
  const text = Object.entries(weir.addresses).reduce(
    (all, [address, here]) => all.replaceAll(address, here),
    written,
  )
  const file = attributes.file && join(copy, attributes.file)
  if (file && language === 'diff') await change(file, text)
  else if (file) {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  } else if (language === 'sh') await run(copy, text, attributes, weir)
}
