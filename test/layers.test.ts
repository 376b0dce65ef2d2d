/**
 * The layers: contracts, packages, solutions, services, tools. Production code imports from its own layer or
 * an earlier one, without circles between packages, by the names that its package.json declares.
 */
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { expect, test } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const LAYERS = ['contracts', 'packages', 'solutions', 'services', 'tools']
/** Files that only tests import; these may start anything. */
const OF_TESTS = /^packages\/testkit\/|\.(test|suite)\.ts$|\/(testing|conformance|fixtures|kcl|boto3)\//
/** Matches the source of an import or export statement, type imports included, or of an import() call. */
const IMPORTS = /^(?:import|export)\b[^'"]*?\bfrom '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm

interface Package {
  readonly name: string
  readonly folder: string
  readonly declared: readonly string[]
  /** The file that the package's bare name imports. */
  readonly face: string | undefined
}

interface Import {
  readonly file: string
  readonly from: Package
  /** The import as the file writes it: a path or a name. */
  readonly what: string
}

const list = (pattern: string): string[] =>
  globSync(
    LAYERS.map((layer) => `${layer}/**/${pattern}`),
    {
      cwd: ROOT,
      // Templates are parts of other packages.
      exclude: (path) => path.includes('node_modules') || path.endsWith('templates'),
    },
  )
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8')

const packages: readonly Package[] = list('package.json').map((file) => {
  const { name, dependencies = {}, exports = {} } = JSON.parse(read(file))
  return { name, folder: dirname(file), declared: Object.keys(dependencies), face: exports['.'] }
})
const packageOf = (file: string): Package => packages.find(({ folder }) => file.startsWith(`${folder}/`))!
const sources = list('*.{ts,js,mjs}')
const imports: readonly Import[] = sources
  .filter((file) => !OF_TESTS.test(file) && file.endsWith('.ts'))
  .flatMap((file) =>
    [...read(file).matchAll(IMPORTS)].map(([, from, effect, call]) => ({
      file,
      from: packageOf(file),
      what: from ?? effect ?? call,
    })),
  )
  .filter(({ what }) => !what.startsWith('node:'))

/** Extracts the package's name from `@scope/name/file.ts` or `name/file.ts`. */
const nameIn = (what: string): string =>
  what
    .split('/')
    .slice(0, what.startsWith('@') ? 2 : 1)
    .join('/')
const named = imports.filter(({ what }) => !what.startsWith('.'))
const ours = named.flatMap(({ file, from, what }) => {
  const to = packages.find(({ name }) => name === nameIn(what))
  return to === undefined || to === from ? [] : [{ file, from, to }]
})
const layerOf = ({ folder }: Package): number => LAYERS.indexOf(folder.split('/')[0])

test('relative imports stay in their package', () => {
  const outside = imports.filter(
    ({ file, from, what }) =>
      what.startsWith('.') && !normalize(join(dirname(file), what)).startsWith(`${from.folder}/`),
  )
  expect(outside.map(({ file, what }) => `${file} imports ${what}`)).toEqual([])
})

test('imports go down the layers', () => {
  const up = ours.filter(({ from, to }) => layerOf(to) > layerOf(from))
  expect(up.map(({ file, to }) => `${file} imports ${to.name}`)).toEqual([])
})

test('solutions do not import the list of solutions, which is complete only once they are loaded', () => {
  const back = imports.filter(
    ({ file, what }) => /^solutions\/[^/]+\//.test(file) && /^(@weir\/solutions|\.\.\/index\.ts)$/.test(what),
  )
  expect(back.map(({ file, what }) => `${file} imports ${what}`)).toEqual([])
})

test('services do not import each other', () => {
  const across = ours.filter(({ from, to }) =>
    [from, to].every(({ folder }) => folder.startsWith('services/')),
  )
  expect(across.map(({ file, to }) => `${file} imports ${to.name}`)).toEqual([])
})

test('packages do not import each other in circles', () => {
  const left = new Map(packages.map(({ name }) => [name, new Set<string>()]))
  for (const { from, to } of ours) left.get(from.name)!.add(to.name)
  for (let free = [...left.keys()]; free.length > 0; ) {
    free = [...left].filter(([, needs]) => ![...needs].some((name) => left.has(name))).map(([name]) => name)
    for (const name of free) left.delete(name)
  }
  expect([...left.keys()]).toEqual([])
})

test('the file that a package exports under its name exists', () => {
  const faces = packages.flatMap(({ folder, face }) =>
    face === undefined ? [] : [normalize(join(folder, face))],
  )
  expect(faces.filter((file) => !sources.includes(file))).toEqual([])
})

test.each(packages)(
  '$name declares the packages that it imports, and no others',
  ({ name, folder, declared }) => {
    const imported = new Set(named.filter(({ from }) => from.name === name).map(({ what }) => nameIn(what)))
    imported.delete(name)
    const undeclared = [...imported].filter((one) => !declared.includes(one))
    // Files for browsers are found by their path.
    const texts = sources.filter((file) => file.startsWith(`${folder}/`)).map(read)
    const unused = declared.filter((one) => !texts.some((text) => text.includes(one)))
    expect({ undeclared, unused }, `correct ${folder}/package.json and run npm install`).toEqual({
      undeclared: [],
      unused: [],
    })
  },
)
