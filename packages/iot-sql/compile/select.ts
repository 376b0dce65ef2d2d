/** Compiles SELECT: the columns to an object, or SELECT VALUE to its value. */
import { type Evaluation, type Expression, STEPS_OF_FIELD } from '../evaluation/evaluation.ts'
import type { Select } from '../syntax/ast.ts'
import { asMember, isObject, setField, type Value } from '../values/value.ts'
import type { Compiler } from './compiler.ts'

interface CompiledColumn {
  readonly value: Expression
  readonly path: readonly string[] | undefined
}

/** * alone gives the payload itself, of any type. With other columns, its fields are the first ones. */
export function compileSelect(select: Select, compiler: Compiler): Expression {
  if (select.kind === 'value') return compiler.compile(select.value)
  const [first] = select.columns
  if (select.columns.length === 1 && first.path === undefined && first.value.kind === 'star')
    return compiler.compile(first.value)
  const columns = select.columns.map(({ value, path }) => ({ value: compiler.compile(value), path }))
  return (evaluation) => {
    evaluation.count(columns.length)
    return objectOf(columns, evaluation)
  }
}

function objectOf(columns: readonly CompiledColumn[], evaluation: Evaluation): Value {
  const object: Record<string, Value> = {}
  /** Objects that this result has for itself. Others belong to the payload, and are copied before a change. */
  let own: Set<Value> | undefined
  for (const { value, path } of columns) {
    const result = value(evaluation)
    if (path === undefined) addFields(object, result, evaluation)
    else if (result !== undefined) {
      if (path.length === 1) setField(object, path[0], asMember(result))
      else setPath(object, path, asMember(result), (own ??= new Set()), evaluation)
    }
  }
  return object
}

function setPath(
  object: Record<string, Value>,
  path: readonly string[],
  value: Value,
  own: Set<Value>,
  evaluation: Evaluation,
): void {
  let parent = object
  for (const name of path.slice(0, -1)) {
    evaluation.count(STEPS_OF_FIELD)
    let child = Object.hasOwn(parent, name) ? (parent[name] as Record<string, Value>) : undefined
    if (child === undefined || !own.has(child)) {
      const copy: Record<string, Value> = {}
      addFields(copy, child, evaluation)
      own.add(copy)
      setField(parent, name, copy)
      child = copy
    }
    parent = child
  }
  setField(parent, path[path.length - 1], value)
}

/** Does nothing for a value that is not an object. */
function addFields(object: Record<string, Value>, value: Value, evaluation: Evaluation): void {
  if (!isObject(value)) return
  const names = Object.keys(value)
  evaluation.count(names.length * STEPS_OF_FIELD)
  for (const name of names) setField(object, name, value[name])
}
