/**
 * Functions of regular expressions. They run on RE2, whose time is linear in the text, so they differ from
 * Java's: there are no backreferences, no lookahead or lookbehind, no possessive quantifiers or atomic groups,
 * no intersections of classes such as [a-z&&[^b]], and no \Z, \G, \h and \R. \d, \w, \s and \b are ASCII in both.
 */
import { RE2JS, RE2JSException } from 're2js'
import type { Compiler } from '../compile/compiler.ts'
import type { Evaluation, Expression } from '../evaluation/evaluation.ts'
import type { NodeOf } from '../syntax/ast.ts'
import { toText } from '../values/convert.ts'
import type { Value } from '../values/value.ts'
import type { SqlFunction } from './call.ts'
import { parseReplacement, type Replacement } from './replacement.ts'

/** Characters of a regular expression. */
export const MAX_REGEXP_LENGTH = 1000
/** Steps for each character and each instruction of a regular expression that an evaluation compiles. */
const STEPS_TO_PARSE = 200
const STEPS_TO_COMPILE = 1000

type Use = (regexp: RE2JS, text: string, evaluation: Evaluation, replacement: Replacement) => Value

export const REGEXPS: Readonly<Record<string, SqlFunction>> = {
  regexp_matches: {
    arity: [2, 2],
    compile: (call, compiler) => ofRegexp(call, compiler, (regexp, text) => regexp.matcher(text).find()),
  },
  regexp_substr: {
    arity: [2, 2],
    compile: (call, compiler) =>
      ofRegexp(call, compiler, (regexp, text) => {
        const matcher = regexp.matcher(text)
        return matcher.find() ? (matcher.group() ?? undefined) : undefined
      }),
  },
  regexp_replace: {
    arity: [3, 3],
    compile: (call, compiler) => ofRegexp(call, compiler, replaceAll),
  },
}

/** Compiles the regular expression once if the SQL has it as a string. */
function ofRegexp({ args }: NodeOf<'call'>, compiler: Compiler, use: Use): Expression {
  const [subject, pattern] = args
  const textOf = compiler.compile(subject)
  const regexpOf = pattern.kind === 'literal' ? fixed(pattern, compiler) : computed(compiler.compile(pattern))
  const replacementOf = args.length < 3 ? () => '' : compiler.compile(args[2])
  return (evaluation) => {
    const text = toText(textOf(evaluation), evaluation)
    const regexp = regexpOf(evaluation)
    const by = toText(replacementOf(evaluation), evaluation)
    if (text === undefined || regexp === undefined || by === undefined) return undefined
    const replacement = parseReplacement(by, regexp.groupCount())
    if (replacement === undefined) return undefined
    evaluation.count((text.length + 1) * regexp.programSize())
    return use(regexp, text, evaluation, replacement)
  }
}

/** @throws SqlError if RE2 cannot compile it: Undefined for every message would be a puzzle */
function fixed(node: NodeOf<'literal'>, compiler: Compiler): () => RE2JS {
  compiler.countRegexp(node)
  const regexp = compileRegexp(String(node.value))
  if (typeof regexp === 'string')
    throw compiler.failure(node, 'The regular expression', `cannot be used: ${regexp}`)
  return () => regexp
}

function computed(patternOf: Expression): (evaluation: Evaluation) => RE2JS | undefined {
  return (evaluation) => {
    const pattern = toText(patternOf(evaluation), evaluation)
    if (pattern === undefined) return undefined
    evaluation.count(Math.min(pattern.length, MAX_REGEXP_LENGTH) * STEPS_TO_PARSE)
    const regexp = compileRegexp(pattern)
    if (typeof regexp === 'string') return undefined
    evaluation.count(regexp.programSize() * STEPS_TO_COMPILE)
    return regexp
  }
}

/** The regular expression, or the reason why there is none. */
function compileRegexp(pattern: string): RE2JS | string {
  if (pattern.length > MAX_REGEXP_LENGTH) return `it has more than ${MAX_REGEXP_LENGTH} characters`
  try {
    return RE2JS.compile(pattern)
  } catch (error) {
    if (error instanceof RE2JSException) return error.message.replace('error parsing regexp: ', '')
    throw error
  }
}

/** Each match starts another search, which may read the text to its end, and is counted as if it did. */
function replaceAll(regexp: RE2JS, text: string, evaluation: Evaluation, replacement: Replacement): Value {
  const matcher = regexp.matcher(text)
  const pieces: string[] = []
  let from = 0
  while (matcher.find()) {
    const piece = replacement
      .map((part) => (typeof part === 'string' ? part : (matcher.group(part) ?? '')))
      .join('')
    evaluation.count((text.length - matcher.end() + 1) * regexp.programSize() + piece.length)
    pieces.push(text.slice(from, matcher.start()), piece)
    from = matcher.end()
  }
  pieces.push(text.slice(from))
  return pieces.join('')
}
