/** Compiles SELECT: the columns to an object, or SELECT VALUE to its value. */
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
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
  const columns = select.columns.map(({ value, path }) => ({ value: compiler.compile(value), path }))
  if (columns.length === 1 && columns[0].path === undefined) return columns[0].value
  return (evaluation) => {
    evaluation.count(columns.length)
    return objectOf(columns, evaluation)
  }
}

function objectOf(columns: readonly CompiledColumn[], evaluation: Evaluation): Value {
  let object: Record<string, Value> = {}
  for (const { value, path } of columns) {
    const result = value(evaluation)
    if (path === undefined) {
      if (isObject(result)) {
        evaluation.count(Object.keys(result).length)
        object = { ...object, ...result }
      }
    } else if (result !== undefined) {
      if (path.length === 1) setField(object, path[0], asMember(result))
      else setPath(object, path, asMember(result), evaluation)
    }
  }
  return object
}

/** Sets a field of nested objects. Objects on the way are copied: they may belong to the payload. */
function setPath(
  object: Record<string, Value>,
  path: readonly string[],
  value: Value,
  evaluation: Evaluation,
): void {
  let parent = object
  for (const name of path.slice(0, -1)) {
    const existing = Object.hasOwn(parent, name) ? parent[name] : undefined
    evaluation.count(isObject(existing) ? 1 + Object.keys(existing).length : 1)
    const child: Record<string, Value> = isObject(existing) ? { ...existing } : {}
    setField(parent, name, child)
    parent = child
  }
  setField(parent, path[path.length - 1], value)
}
