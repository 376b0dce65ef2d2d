/** cast(value AS type). */
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import { fromDouble, isZero, toDouble } from '../numbers/arithmetic.ts'
import { toWhole } from '../numbers/rounding.ts'
import type { NodeOf } from '../syntax/ast.ts'
import { toBoolean, toDecimal, toText } from '../values/convert.ts'
import { isNumeric, type Value } from '../values/value.ts'
import type { Compiler } from './compiler.ts'

type Cast = (value: Value, evaluation: Evaluation) => Value

const TYPES = new Map<string, Cast>([
  ...['STRING', 'NVARCHAR', 'TEXT', 'NTEXT', 'VARCHAR'].map((name): [string, Cast] => [name, toText]),
  ['INT', castInt],
  ['INTEGER', castInt],
  ['DOUBLE', castDouble],
])
const TYPES_2016 = new Map<string, Cast>([
  ['DECIMAL', castDecimal],
  ['BOOL', castBoolean],
  ['BOOLEAN', castBoolean],
])

/** @throws SqlError for a type that the SQL version does not have */
export function compileCast(node: NodeOf<'cast'>, compiler: Compiler): Expression {
  const type = node.type.toUpperCase()
  const cast = TYPES.get(type) ?? (compiler.version === '2015-10-08' ? undefined : TYPES_2016.get(type))
  if (cast === undefined) {
    if (TYPES_2016.has(type))
      throw compiler.failure(node, `The type ${node.type} of cast`, 'needs SQL version 2016-03-23')
    const known = [...TYPES.keys(), ...TYPES_2016.keys()].join(', ')
    throw compiler.failure(node, `The type ${node.type} of cast`, `is not one of ${known}`)
  }
  const operand = compiler.compile(node.operand)
  return (evaluation) => {
    evaluation.count(1)
    return cast(operand(evaluation), evaluation)
  }
}

function castDecimal(value: Value, evaluation: Evaluation): Value {
  if (typeof value === 'boolean') return fromDouble(value ? 1 : 0, evaluation.keepDecimals)
  return toDecimal(value, evaluation)
}

function castDouble(value: Value, evaluation: Evaluation): Value {
  if (typeof value === 'boolean') return fromDouble(value ? 1 : 0, evaluation.keepDecimals)
  const number = toDecimal(value, evaluation)
  return number === undefined ? undefined : fromDouble(toDouble(number), evaluation.keepDecimals)
}

function castInt(value: Value, evaluation: Evaluation): Value {
  if (typeof value === 'boolean') return value ? 1 : 0
  const number = toDecimal(value, evaluation)
  return number === undefined ? undefined : toWhole(number, 'floor')
}

function castBoolean(value: Value): Value {
  return isNumeric(value) ? !isZero(value) : toBoolean(value)
}
