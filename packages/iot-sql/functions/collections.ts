/** Functions of arrays, objects, Null and Undefined. */
import type { Compiler } from '../compile/compiler.ts'
import { type Evaluation, type Expression, STEPS_OF_FIELD } from '../evaluation/evaluation.ts'
import type { NodeOf } from '../syntax/ast.ts'
import { toIndex, toText } from '../values/convert.ts'
import { asMember, fieldOf, isObject, type ObjectValue, type Value } from '../values/value.ts'
import type { SqlFunction } from './call.ts'

/** Arguments of concat. */
const MAX_ARGUMENTS = 1000
/** The longest result of transform as JSON, from the guide: 128 KiB. */
const MAX_TRANSFORMED = 128 * 1024

export const COLLECTIONS: Readonly<Record<string, SqlFunction>> = {
  concat: { arity: [1, MAX_ARGUMENTS], call: concat },
  get: { arity: [2, 2], call: get },
  get_or_default: {
    since2016: true,
    arity: [2, 2],
    call: ([value, other]) => value ?? other,
  },
  isnull: { arity: [1, 1], call: ([value]) => value === null },
  isundefined: { since2016: true, arity: [1, 1], call: ([value]) => value === undefined },
  transform: { since2016: true, arity: [3, 3], compile: compileTransform },
}

/** An array if one of the arguments is one, and otherwise a string if one of them is one. */
function concat(args: readonly Value[], evaluation: Evaluation): Value {
  if (args.length === 1) return args[0]
  if (args.some(Array.isArray)) {
    for (const arg of args) if (Array.isArray(arg)) evaluation.count(arg.length)
    const elements = args.flat(1) as Value[]
    return elements.filter((element) => element !== undefined).map(asMember)
  }
  if (!args.some((arg) => typeof arg === 'string')) return undefined
  const texts = args.map((arg) => toText(arg, evaluation))
  for (const text of texts) {
    if (text === undefined) return undefined
    evaluation.count(text.length)
  }
  return texts.join('')
}

/** The field of an object, the element of an array, or the character of a string. Places start at 0. */
function get([collection, key]: readonly Value[], evaluation: Evaluation): Value {
  if (isObject(collection)) return typeof key === 'string' ? fieldOf(collection, key) : undefined
  if (typeof collection !== 'string' && !Array.isArray(collection)) return undefined
  const index = toIndex(key, evaluation)
  return index === undefined || index < 0 ? undefined : collection[index]
}

/** The mode must be written as a string: a variable cannot switch it. */
function compileTransform({ args }: NodeOf<'call'>, compiler: Compiler): Expression {
  const [mode, object, array] = args
  if (mode.kind !== 'literal' || mode.value !== 'enrichArray') return () => undefined
  const objectOf = compiler.compile(object)
  const arrayOf = compiler.compile(array)
  return (evaluation) => enrich(objectOf(evaluation), arrayOf(evaluation), evaluation)
}

/** Adds the fields of an object to each object of an array. */
function enrich(object: Value, array: Value, evaluation: Evaluation): Value {
  if (!isObject(object) || !Array.isArray(array)) return undefined
  evaluation.count(array.length)
  if (!array.every(isObject)) return undefined
  const { length } = Object.keys(object)
  const enriched = (array as ObjectValue[]).map((element) => {
    evaluation.count((1 + length + Object.keys(element).length) * STEPS_OF_FIELD)
    return { ...element, ...object }
  })
  evaluation.countValue(enriched)
  return JSON.stringify(enriched).length > MAX_TRANSFORMED ? undefined : enriched
}
