/** The contracts as TypeScript types: one interface per Avro record, with the doc strings as comments. */
import { type AvroNode, branchName, type EnumNode, type RecordNode } from '../avro.ts'

export interface TopicType {
  readonly topic: string
  readonly record: RecordNode
}

const HEADER = `/* Generated from topics.ts and the .avsc files by \`npm run generate\`. Change those, then generate again. */\n`

export function typesModule(topicTypes: readonly TopicType[]): string {
  const declared = new Map<string, string>()
  for (const { record } of topicTypes) declare(record, declared)
  const valueOf = topicTypes.map(({ topic, record }) => `  '${topic}': ${shortName(record.name)}`)
  return [
    HEADER,
    ...declared.values(),
    `/** The type of each topic's values. */\nexport interface ValueOf {\n${valueOf.join('\n')}\n}\n`,
  ].join('\n')
}

/**
 * Declares named types, inner ones first. Refuses two types of different shape with the same name: they
 * cannot be one TypeScript type.
 */
function declare(node: AvroNode, declared: Map<string, string>): void {
  switch (node.kind) {
    case 'array':
      return declare(node.items, declared)
    case 'map':
      return declare(node.values, declared)
    case 'union':
      return node.branches.forEach((branch) => declare(branch, declared))
    case 'enum':
      return add(node, enumDeclaration(node), declared)
    case 'record':
      node.fields.forEach((field) => declare(field.type, declared))
      return add(node, recordDeclaration(node), declared)
  }
}

function add(node: RecordNode | EnumNode, text: string, declared: Map<string, string>): void {
  const name = shortName(node.name)
  const known = declared.get(name)
  if (known !== undefined && known !== text)
    throw new Error(`Two contracts define ${name} differently; give one of them another name.`)
  declared.set(name, text)
}

function recordDeclaration(node: RecordNode): string {
  const fields = node.fields.map(
    (field) => `${comment(field.doc, '  ')}  ${field.name}: ${typeText(field.type)}\n`,
  )
  return `${comment(node.doc, '')}export interface ${shortName(node.name)} {\n${fields.join('')}}\n`
}

function enumDeclaration(node: EnumNode): string {
  return `${comment(node.doc, '')}export type ${shortName(node.name)} = ${node.symbols.map((symbol) => `'${symbol}'`).join(' | ')}\n`
}

function typeText(node: AvroNode): string {
  switch (node.kind) {
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number'
    case 'bytes':
    case 'fixed':
      return 'Buffer'
    case 'array':
      return `Array<${typeText(node.items)}>`
    case 'map':
      return `Record<string, ${typeText(node.values)}>`
    case 'enum':
    case 'record':
      return shortName(node.name)
    case 'union':
      return node.branches
        .toSorted(nullLast)
        .map((branch) => branchText(branch, node.wrapped))
        .join(' | ')
    default:
      return node.kind
  }
}

function nullLast(a: AvroNode, b: AvroNode): number {
  return Number(a.kind === 'null') - Number(b.kind === 'null')
}

function branchText(branch: AvroNode, wrapped: boolean): string {
  return wrapped && branch.kind !== 'null'
    ? `{ '${branchName(branch)}': ${typeText(branch)} }`
    : typeText(branch)
}

function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function comment(doc: string | undefined, indent: string): string {
  return doc === undefined ? '' : `${indent}/** ${doc.replaceAll('*/', '*\\/')} */\n`
}
