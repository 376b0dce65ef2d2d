import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { solutionsFiles } from './solutions.ts'
import { valuesOf, withTable } from './values-table.ts'

const read = (name: string): string => readFileSync(new URL(`../weir/${name}`, import.meta.url), 'utf8')

test('the generated files are up to date', () => {
  for (const [name, text] of Object.entries(solutionsFiles())) expect(read(`files/${name}`)).toBe(text)
  expect(read('README.md')).toBe(withTable(read('README.md'), read('values.yaml')))
})

test('every value has a comment', () => {
  const values = valuesOf(read('values.yaml'))
  expect(values.length).toBeGreaterThan(100)
  expect(values.filter(({ doc }) => doc === '').map(({ path }) => path)).toEqual([])
})

interface Schema {
  readonly $ref?: string
  readonly required?: readonly string[]
  readonly properties?: Readonly<Record<string, Schema>>
}

/** Helm reuses the values of an older chart, without the values that are new. */
test('the schema requires every value', () => {
  const schema = JSON.parse(read('values.schema.json')) as Schema & {
    readonly $defs: Readonly<Record<string, Schema>>
  }
  const missing: string[] = []
  const look = (values: Readonly<Record<string, unknown>>, { $ref, ...own }: Schema, path: string): void => {
    const named = $ref === undefined ? {} : schema.$defs[$ref.slice('#/$defs/'.length)]
    const { required = [], properties } = { ...named, ...own }
    if (properties === undefined || path === 'services' || path.endsWith('resources')) return
    for (const [key, value] of Object.entries(values)) {
      const at = path === '' ? key : `${path}.${key}`
      if (!required.includes(key)) missing.push(at)
      if (typeof value === 'object' && value !== null && !Array.isArray(value))
        look(value as Record<string, unknown>, properties[key], at)
    }
  }
  look(parse(read('values.yaml')), schema, '')
  expect(missing).toEqual([])
})

test('a value takes its comment from above it, from its parent, or from another service', () => {
  const yaml =
    '# All.\nservices:\n  one:\n    # The port.\n    port: 1\n    # Limits.\n    resources:\n      cpu: 2\n  two:\n    port: 3\n    resources:\n      cpu: "|"\n\n# Of nothing.\n\nlast: {}\n'
  expect(valuesOf(yaml)).toEqual([
    { path: 'services', fallback: '', doc: 'All.' },
    { path: 'services.one.port', fallback: '1', doc: 'The port.' },
    { path: 'services.one.resources', fallback: '', doc: 'Limits.' },
    { path: 'services.one.resources.cpu', fallback: '2', doc: 'Limits.' },
    { path: 'services.two.port', fallback: '3', doc: 'The port.' },
    { path: 'services.two.resources.cpu', fallback: '"|"', doc: 'Limits.' },
    { path: 'last', fallback: '{}', doc: '' },
  ])
})
