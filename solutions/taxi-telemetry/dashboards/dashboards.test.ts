import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { taxiIndex } from '../index-definition.ts'
import { files, ndjson } from './dashboards.ts'

const FIELDS = taxiIndex.properties as Readonly<Record<string, { readonly type: string }>>
/** The field types that each aggregation can count or group, by the mapping's types. */
const TAKES: Readonly<Record<string, readonly string[]>> = {
  cardinality: ['keyword', 'float', 'date'],
  terms: ['keyword'],
  histogram: ['float'],
  date_histogram: ['date'],
  geohash_grid: ['geo_point'],
}

describe.each(Object.keys(files))('in %s', (name) => {
  const text = readFileSync(new URL(name, import.meta.url), 'utf8')
  const objects = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  const visualizations = objects
    .filter(({ type }) => type === 'visualization')
    .map(({ attributes }) => JSON.parse(attributes.visState))
  const layers = objects
    .filter(({ type }) => type === 'map')
    .flatMap(({ attributes }) => JSON.parse(attributes.layerListJSON))

  test('the content is up to date with the generator', () => {
    expect(text).toBe(ndjson(files[name]))
  })

  test('every reference names an object of the file, and ids are unique', () => {
    const keys = objects.map(({ type, id }) => `${type}/${id}`)
    expect(new Set(keys).size).toBe(keys.length)
    for (const { references } of objects)
      for (const { type, id } of references) expect(keys).toContain(`${type}/${id}`)
  })

  test('every reference by name is declared', () => {
    for (const { attributes, references } of objects) {
      const used = [
        ...JSON.stringify(attributes).matchAll(
          /(?:indexRefName|indexPatternRefName|panelRefName)\\*":\\*"([^"\\]+)/g,
        ),
      ].map(([, ref]) => ref)
      expect(used.toSorted()).toEqual(
        references.map((reference: { name: string }) => reference.name).toSorted(),
      )
    }
  })

  test('the index pattern is the one of the index definition, and its time field is a date', () => {
    const { attributes } = objects.find(({ type }) => type === 'index-pattern')
    expect(attributes.title).toBe(`${taxiIndex.prefix}-*`)
    expect(FIELDS[attributes.timeFieldName].type).toBe('date')
  })

  test('every field exists in the mapping with a type that its aggregation supports', () => {
    expect(visualizations.length).toBeGreaterThan(3)
    for (const { aggs } of visualizations) {
      for (const { type, params } of aggs) {
        if (type === 'count') continue
        expect(`${params.field}: ${FIELDS[params.field]?.type}`).toMatch(
          new RegExp(`: (${TAKES[type].join('|')})$`),
        )
      }
    }
    for (const { sourceDescriptor, style } of layers) {
      expect(FIELDS[sourceDescriptor.geoField].type).toBe('geo_point')
      const fields = [
        sourceDescriptor.topHitsSplitField,
        sourceDescriptor.sortField,
        ...(sourceDescriptor.tooltipProperties ?? []),
        style.properties?.fillColor.options.field.name,
      ]
      for (const field of fields) if (field !== undefined) expect(FIELDS).toHaveProperty(field)
    }
  })

  test('terms are ordered by a metric that exists', () => {
    for (const { aggs } of visualizations) {
      for (const { params } of aggs)
        if (params.orderBy)
          expect(
            aggs.find(({ id, schema }: any) => id === params.orderBy && schema === 'metric'),
          ).toBeDefined()
    }
  })

  test('the dashboard has a map, heat, speeds, trips and states, on 48 columns, without overlaps', () => {
    const { attributes, references } = objects.find(({ type }) => type === 'dashboard')
    const kinds = new Set([...visualizations.map(({ type }) => type), ...layers.map(({ type }) => type)])
    for (const kind of ['pie', 'histogram', 'line', 'heatmap']) expect(kinds).toContain(kind)
    expect(kinds.has('tile_map') || kinds.has('HEATMAP')).toBe(true)
    const places = JSON.parse(attributes.panelsJSON).map(({ gridData }: any) => gridData)
    expect(places).toHaveLength(references.length)
    for (const [i, a] of places.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(48)
      for (const b of places.slice(i + 1))
        expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true)
    }
  })
})
