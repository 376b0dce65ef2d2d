/** The contracts as TypeScript types: one interface per Avro record, with the doc strings as comments. */
import { type AvroNode, branchName, type EnumNode, type RecordNode } from '../avro.ts'

export interface TopicType {
  readonly topic: string
  readonly record: RecordNode
}

const HEADER = `/* Generated from topics.ts and the .avsc files by \`npm run generate\`. Change those, then generate again. */\n`
/** The module with the platform's types. */
const PLATFORM_TYPES = '@weir/contracts/generated/types.ts'

/** @param others records that only solutions have topics for */
export function platformTypes(topicTypes: readonly TopicType[], others: readonly RecordNode[]): string {
  const declared = declarations([...others, ...topicTypes.map(({ record }) => record)])
  return [
    HEADER,
    ...declared.values(),
    `/** The type of each topic's values. */\nexport ${valueOf(topicTypes)}`,
  ].join('\n')
}

/**
 * The types of a solution's topics. Its ValueOf is merged into the platform's, so that all code knows the topics;
 * the names of the platform's records mean the same there.
 * @param platform the platform's records
 */
export function solutionTypes(topicTypes: readonly TopicType[], platform: readonly RecordNode[]): string {
  const known = declarations(platform)
  const all = declarations(
    topicTypes.map(({ record }) => record),
    known,
  )
  const own = [...all].filter(([name]) => !known.has(name)).map(([, text]) => text)
  const merged = `/** Merged into the types of all topics. */\n${valueOf(topicTypes)}`
    .trimEnd()
    .replaceAll(/^/gm, '  ')
  return [
    HEADER,
    ...(own.length === 0 ? ['export {}\n'] : own),
    `declare module '${PLATFORM_TYPES}' {\n${merged}\n}\n`,
  ].join('\n')
}

/** Returns the declarations of the records' named types, and those already known, by name. */
function declarations(
  records: readonly RecordNode[],
  known: ReadonlyMap<string, string> = new Map(),
): Map<string, string> {
  const declared = new Map(known)
  for (const record of records) declare(record, declared)
  return declared
}

function valueOf(topicTypes: readonly TopicType[]): string {
  const lines = topicTypes.map(({ topic, record }) => `  '${topic}': ${shortName(record.name)}`)
  return `interface ValueOf {\n${lines.join('\n')}\n}\n`
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
