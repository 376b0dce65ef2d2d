/** encode and decode. */
import { isUtf8 } from 'node:buffer'
import type { Compiler } from '../compile/compiler.ts'
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import { NOT_JSON, parseJson } from '../evaluation/json.ts'
import type { NodeOf } from '../syntax/ast.ts'
import { toText } from '../values/convert.ts'
import { base64Of, type Value } from '../values/value.ts'
import type { SqlFunction } from './call.ts'

/** Steps for each character that may be JSON. */
const STEPS_TO_PARSE = 4
/** With or without the = at the end. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/

export const ENCODING: Readonly<Record<string, SqlFunction>> = {
  encode: { since2016: true, arity: [2, 2], compile: compileEncode },
  decode: { since2016: true, arity: [2, 6], compile: compileDecode },
}

/** encode(*, 'base64') encodes the bytes of the payload as they are, whether or not they are JSON. */
function compileEncode(node: NodeOf<'call'>, compiler: Compiler): Expression {
  checkScheme(node, compiler)
  if (node.args[0].kind === 'star' && !compiler.isNested)
    return (evaluation) => base64Of(evaluation.message.payload)
  const operand = compiler.compile(node.args[0])
  return (evaluation) => {
    const value = operand(evaluation)
    if (value instanceof Uint8Array) return base64Of(value)
    const text = toText(value, evaluation)
    if (text === undefined) return undefined
    evaluation.count(text.length)
    return Buffer.from(text).toString('base64')
  }
}

function compileDecode(node: NodeOf<'call'>, compiler: Compiler): Expression {
  checkScheme(node, compiler)
  if (node.args.length > 2) return () => undefined
  const operand = compiler.compile(node.args[0])
  return (evaluation) => decode(operand(evaluation), evaluation)
}

/** JSON if the bytes are JSON of any type, text if they are UTF-8, and Null for all else. */
function decode(value: Value, evaluation: Evaluation): Value {
  const text = toText(value, evaluation)
  if (text === undefined) return undefined
  evaluation.count(text.length * STEPS_TO_PARSE)
  if (!BASE64.test(text) || text.replace(/=+$/, '').length % 4 === 1) return null
  const bytes = Buffer.from(text, 'base64')
  if (!isUtf8(bytes)) return null
  const decoded = bytes.toString('utf8')
  const json = parseJson(decoded, evaluation.keepDecimals)
  return json === NOT_JSON ? decoded : json
}

/** @throws SqlError if the scheme is not 'base64' */
function checkScheme(node: NodeOf<'call'>, compiler: Compiler): void {
  const scheme = node.args[1]
  if (scheme.kind === 'literal' && scheme.value === 'base64') return
  if (scheme.kind === 'literal' && scheme.value === 'proto')
    throw compiler.failure(scheme, "The scheme 'proto'", 'reads a descriptor from S3, which is not supported')
  throw compiler.failure(scheme, `Expected the scheme 'base64'`)
}
