/** Checks updates that are well formed, and replaces their placeholders. The order of the checks is DynamoDB's. */
import { type AttributeValue, type Type, typeOf } from '../values/value.ts'
import { checkReserved, type Path, pathTree, resolvePath, resolveValue } from './paths.ts'
import type { Placeholders } from './placeholders.ts'
import type { Source } from './source.ts'
import type { Call, Operand } from './syntax.ts'
import type { Assigned, UpdateSyntax, WrittenAction } from './update-syntax.ts'

/** The right side of an assignment without placeholders. */
export type Term =
  | { readonly kind: 'path'; readonly path: Path }
  | { readonly kind: 'value'; readonly value: AttributeValue }
  | { readonly kind: '+' | '-' | 'list_append'; readonly args: readonly Term[] }
  | { readonly kind: 'if_not_exists'; readonly path: Path; readonly otherwise: Term }

export type NumberOrSet = Extract<
  AttributeValue,
  { N: string } | { SS: unknown } | { NS: unknown } | { BS: unknown }
>

export type Action =
  | { readonly section: 'SET'; readonly path: Path; readonly term: Term }
  | { readonly section: 'REMOVE'; readonly path: Path }
  | { readonly section: 'ADD' | 'DELETE'; readonly path: Path; readonly value: NumberOrSet }

const UPDATE_FUNCTIONS: readonly string[] = ['if_not_exists', 'list_append']
const CONDITION_FUNCTIONS: readonly string[] = [
  'attribute_exists',
  'attribute_not_exists',
  'attribute_type',
  'begins_with',
  'contains',
  'size',
]
/** Types as errors about ADD and DELETE name them. */
const TYPE_NAMES: Readonly<Partial<Record<Type, string>>> = {
  S: 'STRING',
  N: 'NUMBER',
  B: 'BINARY',
  BOOL: 'BOOLEAN',
  NULL: 'NULL',
  L: 'LIST',
  M: 'MAP',
}

/** Checks all that does not depend on placeholders. Throws ItemError. */
export function checkForm({ actions, sections }: UpdateSyntax, source: Source): void {
  for (const action of actions) for (const path of pathsIn(action)) checkReserved(path, source)
  const calls = actions.flatMap((action) => (action.section === 'SET' ? callsIn(action.value) : []))
  for (const { name } of calls) {
    if (CONDITION_FUNCTIONS.includes(name))
      throw source.refuse(`The function is not allowed in an update expression; function: ${name}`)
    if (!UPDATE_FUNCTIONS.includes(name)) throw source.refuse(`Invalid function name; function: ${name}`)
  }
  const repeated = sections.find((section, i) => sections.indexOf(section) < i)
  if (repeated !== undefined)
    throw source.refuse(`The "${repeated}" section can only be used once in an update expression;`)
  for (const call of calls) checkUse(call, source)
}

function operandsOf(value: Assigned): readonly Operand[] {
  return value.kind === 'sum' || value.kind === 'call' ? value.args : []
}

function callsIn(value: Assigned): Call[] {
  return [...(value.kind === 'call' ? [value] : []), ...operandsOf(value).flatMap(callsIn)]
}

function pathsIn(action: WrittenAction): (readonly (string | number)[])[] {
  const inValue = (value: Assigned): (readonly (string | number)[])[] =>
    value.kind === 'path' ? [value.path] : operandsOf(value).flatMap(inValue)
  return action.section === 'SET' ? [action.path, ...inValue(action.value)] : [action.path]
}

/** A list is not appended inside of another function. */
function checkUse({ args }: Call, source: Source): void {
  if (args.some((arg) => arg.kind === 'call' && arg.name === 'list_append'))
    throw source.refuse(
      'The function is not allowed to be used this way in an expression; function: list_append',
    )
}

/** Throws ItemError for placeholders that are not defined, for paths that meet, and for operands of other types. */
export function resolveActions(
  written: readonly WrittenAction[],
  placeholders: Placeholders,
  source: Source,
): Action[] {
  for (const action of written) for (const path of pathsIn(action)) resolvePath(path, placeholders, source)
  for (const action of written) for (const name of valuesIn(action)) resolveValue(name, placeholders, source)
  const paths = written.map(({ path }) => resolvePath(path, placeholders, source))
  pathTree(
    paths.map((path) => [path, true]),
    source,
  )
  const values = written.map((action) =>
    action.section === 'ADD' || action.section === 'DELETE'
      ? checkedValue(action.section, resolveValue(action.name, placeholders, source), source)
      : undefined,
  )
  return written.map((action, i) => {
    const path = paths[i]
    if (action.section === 'REMOVE') return { section: action.section, path }
    if (action.section !== 'SET') return { section: action.section, path, value: values[i]! }
    return { section: action.section, path, term: resolveTerm(action.value, placeholders, source) }
  })
}

function valuesIn(action: WrittenAction): string[] {
  if (action.section === 'REMOVE') return []
  if (action.section !== 'SET') return [action.name]
  const inValue = (value: Assigned): string[] =>
    value.kind === 'value' ? [value.name] : operandsOf(value).flatMap(inValue)
  return inValue(action.value)
}

function checkedValue(section: 'ADD' | 'DELETE', value: AttributeValue, source: Source): NumberOrSet {
  if ('SS' in value || 'NS' in value || 'BS' in value || ('N' in value && section === 'ADD')) return value
  throw source.refuse(
    `Incorrect operand type for operator or function; operator: ${section}, operand type: ${TYPE_NAMES[typeOf(value)]}`,
  )
}

function resolveTerm(value: Assigned, placeholders: Placeholders, source: Source): Term {
  const resolve = (operand: Operand): Term => resolveTerm(operand, placeholders, source)
  switch (value.kind) {
    case 'path':
      return { kind: 'path', path: resolvePath(value.path, placeholders, source) }
    case 'value':
      return { kind: 'value', value: resolveValue(value.name, placeholders, source) }
    case 'sum': {
      const args = value.args.map(resolve)
      checkTypes(value.operator, 'N', args, source)
      return { kind: value.operator, args }
    }
    case 'call':
      return resolveCall(value.name, value.args.map(resolve), source)
  }
}

function resolveCall(name: string, args: readonly Term[], source: Source): Term {
  if (args.length !== 2)
    throw source.refuse(
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${args.length}`,
    )
  if (name === 'list_append') {
    checkTypes(name, 'L', args, source)
    return { kind: 'list_append', args }
  }
  const [first, otherwise] = args
  if (first.kind !== 'path')
    throw source.refuse(`Operator or function requires a document path; operator or function: ${name}`)
  return { kind: 'if_not_exists', path: first.path, otherwise }
}

function checkTypes(name: string, wanted: 'N' | 'L', args: readonly Term[], source: Source): void {
  for (const arg of args) {
    const type = knownType(arg)
    if (type !== undefined && type !== wanted)
      throw source.refuse(
        `Incorrect operand type for operator or function; operator or function: ${name}, operand type: ${type}`,
      )
  }
}

/** The type of a term that does not depend on the item. */
function knownType(term: Term): Type | undefined {
  if (term.kind === 'value') return typeOf(term.value)
  if (term.kind === 'list_append') return 'L'
  return term.kind === '+' || term.kind === '-' ? 'N' : undefined
}

/** The paths that an action reads or writes. */
export function pathsOf(action: Action): Path[] {
  const inTerm = (term: Term): Path[] => {
    if (term.kind === 'path') return [term.path]
    if (term.kind === 'value') return []
    return term.kind === 'if_not_exists' ? [term.path, ...inTerm(term.otherwise)] : term.args.flatMap(inTerm)
  }
  return action.section === 'SET' ? [action.path, ...inTerm(action.term)] : [action.path]
}
