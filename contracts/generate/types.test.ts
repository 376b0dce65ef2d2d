import { describe, expect, test } from 'vitest'
import { type AvroSchema, parseSchema, type RecordNode } from '../avro.ts'
import { platformTypes, solutionTypes } from './types.ts'

const OTHER: AvroSchema = { type: 'record', name: 'Other', fields: [] }

function recordOf(fields: readonly object[]): RecordNode {
  return parseSchema({ type: 'record', name: 'Thing', namespace: 'test', fields } as any) as RecordNode
}

describe('generated types', () => {
  test('declare a field of every kind', () => {
    const text = platformTypes(
      [
        {
          topic: 'things',
          record: recordOf([
            { name: 'id', type: 'string', doc: 'Ends */ early.' },
            { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
            { name: 'raw', type: ['null', 'bytes'], default: null },
            { name: 'tags', type: { type: 'array', items: ['null', 'string'] } },
            { name: 'counts', type: { type: 'map', values: 'int' } },
            { name: 'size', type: ['int', 'double', 'null'] },
            { name: 'state', type: { type: 'enum', name: 'State', symbols: ['ON', 'OFF'] } },
          ]),
        },
      ],
      [],
    )
    expect(text).toContain(
      [
        "export type State = 'ON' | 'OFF'",
        '',
        'export interface Thing {',
        '  /** Ends *\\/ early. */',
        '  id: string',
        '  at: number',
        '  raw: Buffer | null',
        '  tags: Array<string | null>',
        '  counts: Record<string, number>',
        "  size: { 'int': number } | { 'double': number } | null",
        '  state: State',
        '}',
      ].join('\n'),
    )
    expect(text).toContain("export interface ValueOf {\n  'things': Thing\n}")
  })

  test('cannot have one name for two shapes', () => {
    const [one, other] = [recordOf([{ name: 'a', type: 'int' }]), recordOf([{ name: 'b', type: 'int' }])]
    expect(() =>
      platformTypes(
        [
          { topic: 'a', record: one },
          { topic: 'b', record: other },
        ],
        [],
      ),
    ).toThrow('Two contracts define Thing differently; give one of them another name.')
    expect(() => solutionTypes([{ topic: 'a', record: one }], [other])).toThrow('Thing')
  })

  test("merge a solution's topics into the types of all topics, without the platform's records", () => {
    const [thing, other] = [recordOf([{ name: 'a', type: 'int' }]), parseSchema(OTHER) as RecordNode]
    const topicTypes = [
      { topic: 'things', record: thing },
      { topic: 'others', record: other },
    ]
    const merged = [
      "declare module '@weir/contracts/generated/types.ts' {",
      '  /** Merged into the types of all topics. */',
      '  interface ValueOf {',
      "    'things': Thing",
      "    'others': Other",
      '  }',
      '}\n',
    ].join('\n')
    const declaredThing = 'export interface Thing {\n  a: number\n}\n\n'
    expect(
      solutionTypes(topicTypes, [other]).endsWith(
        `by \`npm run generate\`. Change those, then generate again. */\n\n${declaredThing}${merged}`,
      ),
    ).toBe(true)
    // Without an export the file is not a module: it would declare the module instead of adding to it.
    expect(solutionTypes(topicTypes, [thing, other])).toContain(`\nexport {}\n\n${merged}`)
  })
})
