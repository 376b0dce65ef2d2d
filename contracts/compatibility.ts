/**
 * FULL_TRANSITIVE compatibility: every reader, old or new, can read the data of every writer, old or new
 * (Avro specification, "Schema Resolution"). In a rolling upgrade or a rollback the old reader meets new
 * data, so both directions must hold against every version ever published.
 */
import avro from 'avsc'
import {
  type AvroNode,
  type AvroSchema,
  branchName,
  type EnumNode,
  parseSchema,
  type RecordNode,
} from './avro.ts'
import { publishedVersions, readContract } from './load.ts'

/**
 * Returns one sentence for each field that is incompatible with a published version; empty if there are none.
 * Each sentence begins with the field's path.
 */
export function incompatibilities(contract: URL): string[] {
  const current = readContract(contract)
  return publishedVersions(contract).flatMap(({ version, schema }) =>
    breaks(schema, current, `version ${version}`),
  )
}

/** @param label names the old schema in the sentences, for instance "version 1" */
export function breaks(old: AvroSchema, current: AvroSchema, label: string): string[] {
  const oldNode = parseSchema(old)
  const newNode = parseSchema(current)
  const root = shortName(newNode)
  const problems = new Set([
    ...check(newNode, oldNode, root, { newReads: true, label }),
    ...check(oldNode, newNode, root, { newReads: false, label }),
  ])
  // If the walk finds no problem, the library that decodes must also be able to resolve the schemas.
  if (problems.size === 0)
    for (const refusal of [refusalOf(current, old), refusalOf(old, current)])
      if (refusal) problems.add(`${root}: ${refusal}.`)
  return [...problems]
}

function refusalOf(reader: AvroSchema, writer: AvroSchema): string | undefined {
  try {
    avro.Type.forSchema(reader as any).createResolver(avro.Type.forSchema(writer as any))
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

/** Which of the two schemas is the reader. The sentences are written for the author of the new schema. */
interface Direction {
  readonly newReads: boolean
  readonly label: string
}

function check(reader: AvroNode, writer: AvroNode, path: string, direction: Direction): string[] {
  if (writer.kind === 'union')
    return writer.branches.flatMap((branch) => checkBranch(reader, branch, path, direction))
  if (reader.kind === 'union') return checkBranch(reader, writer, path, direction)
  if (reader.kind === 'record' && writer.kind === 'record')
    return checkRecord(reader, writer, path, direction)
  if (reader.kind === 'enum' && writer.kind === 'enum') return checkEnum(reader, writer, path, direction)
  if (reader.kind === 'array' && writer.kind === 'array')
    return check(reader.items, writer.items, `${path}[]`, direction)
  if (reader.kind === 'map' && writer.kind === 'map')
    return check(reader.values, writer.values, `${path}{}`, direction)
  return sameKind(reader, writer) || promotes(writer, reader)
    ? []
    : [typeChanged(reader, writer, path, direction)]
}

/** Checks a branch of the writer's union, or the writer's whole type, against the reader's type. */
function checkBranch(reader: AvroNode, branch: AvroNode, path: string, direction: Direction): string[] {
  const choices = reader.kind === 'union' ? reader.branches : [reader]
  const choice = choices.find((one) => sameKind(one, branch)) ?? choices.find((one) => promotes(branch, one))
  if (choice !== undefined) return check(choice, branch, path, direction)
  if (reader.kind !== 'union' && branch.kind !== 'null') return [typeChanged(reader, branch, path, direction)]
  const name = describe(branch)
  return [
    direction.newReads
      ? `${path} can no longer be ${name}, as it is in data of ${direction.label}; keep that branch.`
      : `${path} can now be ${name}, which readers of ${direction.label} cannot read; add a new optional field instead.`,
  ]
}

function checkRecord(reader: RecordNode, writer: RecordNode, path: string, direction: Direction): string[] {
  if (!sameName(reader, writer)) return [nameChanged(reader, writer, path, direction)]
  return reader.fields.flatMap((field) => {
    const fieldPath = `${path}.${field.name}`
    const written = writer.fields.find((one) => one.name === field.name || field.aliases.includes(one.name))
    if (written !== undefined) return check(field.type, written.type, fieldPath, direction)
    if (field.default !== undefined) return []
    return [
      direction.newReads
        ? `${fieldPath} was added without a default, so data of ${direction.label} cannot be read; give it a default.`
        : `${fieldPath} was removed, but readers of ${direction.label} need it, because it did not have a default; keep the field.`,
    ]
  })
}

function checkEnum(reader: EnumNode, writer: EnumNode, path: string, direction: Direction): string[] {
  if (!sameName(reader, writer)) return [nameChanged(reader, writer, path, direction)]
  if (reader.default !== undefined) return []
  return writer.symbols
    .filter((symbol) => !reader.symbols.includes(symbol))
    .map((symbol) =>
      direction.newReads
        ? `${path} lost the symbol ${symbol}, which data of ${direction.label} has; keep it, or give the enum a default.`
        : `${path} gained the symbol ${symbol}, which readers of ${direction.label} do not know, and their enum does not have a default; add a new field instead.`,
    )
}

function sameKind(reader: AvroNode, writer: AvroNode): boolean {
  if (reader.kind !== writer.kind) return false
  if (reader.kind === 'fixed' && writer.kind === 'fixed')
    return sameName(reader, writer) && reader.size === writer.size
  return !('name' in reader && 'name' in writer) || sameName(reader, writer)
}

const PROMOTIONS: Readonly<Record<string, readonly string[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
}

/** True if the reader's type accepts the writer's although they differ. */
export function promotes(writer: AvroNode, reader: AvroNode): boolean {
  return PROMOTIONS[writer.kind]?.includes(reader.kind) ?? false
}

/** True if the reader's name or one of its aliases equals the writer's name, including the namespace. */
export function sameName(
  reader: { readonly name: string; readonly aliases: readonly string[] },
  writer: { readonly name: string },
): boolean {
  return reader.name === writer.name || reader.aliases.includes(writer.name)
}

function typeChanged(
  reader: AvroNode,
  writer: AvroNode,
  path: string,
  { newReads, label }: Direction,
): string {
  const [from, to] = newReads ? [writer, reader] : [reader, writer]
  return `${path} changed from ${describe(from)} in ${label} to ${describe(to)}; keep its type and add a new field with a default instead.`
}

function nameChanged(
  reader: { readonly name: string },
  writer: { readonly name: string },
  path: string,
  { newReads, label }: Direction,
): string {
  const [from, to] = newReads ? [writer, reader] : [reader, writer]
  return `${path} was called ${from.name} in ${label} and is now called ${to.name}; keep the name of a published type.`
}

function describe(node: AvroNode): string {
  if (node.kind === 'union') return `a union of ${node.branches.map(describe).join(' and ')}`
  if (node.kind === 'fixed') return `fixed ${node.name} of ${node.size} bytes`
  return 'name' in node ? `${node.kind} ${branchName(node)}` : node.kind
}

function shortName(node: AvroNode): string {
  return branchName(node).replace(/^.*\./, '')
}
