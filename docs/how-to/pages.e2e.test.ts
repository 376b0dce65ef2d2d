/** Follows every how-to page to the letter, in a copy of the repository: writes its files, applies its changes, runs its commands. */
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterEach, beforeEach, expect, test } from 'vitest'

const root = fileURLToPath(new URL('../..', import.meta.url))
const pages = (await readdir(new URL('.', import.meta.url))).filter((name) => name.endsWith('.md'))
let copy: string

beforeEach(async () => {
  copy = await mkdtemp(join(tmpdir(), 'weir-how-to-'))
  for (const name of await readdir(root)) {
    if (!['.git', '.weir', 'node_modules', 'docs'].includes(name)) await cp(join(root, name), join(copy, name), { recursive: true })
  }
  await linkPackages()
}, 60_000)

afterEach(() => rm(copy, { recursive: true, force: true, maxRetries: 5 }))

/** Installed packages are shared; the workspaces must be the copy's own. */
async function linkPackages(): Promise<void> {
  const modules = join(copy, 'node_modules')
  await mkdir(join(modules, '@weir'), { recursive: true })
  for (const name of await readdir(join(root, 'node_modules'))) {
    if (name !== '@weir') await symlink(join(root, 'node_modules', name), join(modules, name))
  }
  const { workspaces } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { workspaces: string[] }
  for (const pattern of workspaces) {
    const folders = pattern.endsWith('/*') ? (await readdir(join(copy, pattern.slice(0, -2)))).map((name) => join(pattern.slice(0, -2), name)) : [pattern]
    for (const folder of folders) {
      const { name } = JSON.parse(await readFile(join(copy, folder, 'package.json'), 'utf8')) as { name: string }
      await symlink(join(copy, folder), join(modules, name))
    }
  }
}

interface Block {
  readonly language: string
  readonly attributes: Readonly<Record<string, string>>
  readonly text: string
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)([^\n]*)\n(.*?)^```$/gms)].map(([, language, attributes, text]) => ({
    language, text, attributes: Object.fromEntries([...attributes.matchAll(/(\w+)=(?:"([^"]*)"|(\S+))/g)].map(([, name, quoted, plain]) => [name, quoted ?? plain])),
  }))
}

/** Lines with a minus go, lines with a plus come, the others say where; the place must be there exactly once. */
async function change(file: string, diff: string): Promise<void> {
  const lines = diff.split('\n').slice(0, -1)
  const side = (sign: string) => lines.filter((line) => line[0] === ' ' || line[0] === sign).map((line) => `${line.slice(1)}\n`).join('')
  const text = await readFile(file, 'utf8')
  expect(text.split(side('-')).length - 1, `the place of a change in ${file}:\n${diff}`).toBe(1)
  await writeFile(file, text.replace(side('-'), () => side('+')))
}

async function run(command: string, fails: string | undefined): Promise<void> {
  const env = { ...process.env, PATH: `${join(copy, 'node_modules/.bin')}:${process.env.PATH}`, VITEST: undefined, NODE_ENV: undefined } as NodeJS.ProcessEnv
  const { code, output } = await promisify(execFile)('bash', ['-ec', command], { cwd: copy, env, maxBuffer: 1 << 26 })
    .then(({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }), (error) => ({ code: error.code, output: `${error.stdout}${error.stderr}` }))
  if (fails === undefined) expect(code, output).toBe(0)
  else {
    expect(code, output).not.toBe(0)
    expect(output).toContain(fails)
  }
}

test.for(pages)('%s works as written', { timeout: 300_000 }, async (name) => {
  const blocks = blocksOf(await readFile(new URL(name, import.meta.url), 'utf8'))
  expect(blocks.some(({ language }) => language === 'sh'), 'the page runs something').toBe(true)
  for (const { language, attributes, text } of blocks) {
    const file = attributes.file && join(copy, attributes.file)
    if (language === 'sh') await run(text, attributes.fails)
    else if (file && language === 'diff') await change(file, text)
    else if (file) {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
    }
  }
})
