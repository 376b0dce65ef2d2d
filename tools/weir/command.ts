/** The interface of a command, and the arguments and errors that all commands treat alike. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'
import { CodecError } from '@weir/codec'
import { ConfigError, withoutPasswords } from '@weir/config'
import { KafkaError } from '@weir/kafka/errors.ts'
import { StackError } from '@weir/stack/errors.ts'
import { EXIT } from './exit.ts'
import { hint } from './nearest.ts'
import { isoTime, MAX_TIME_MS } from './replay/time.ts'

export interface Command {
  readonly name: string
  /** One line of `weir --help`. */
  readonly summary: string
  /** Printed by --help: synopsis, options, examples. */
  readonly usage: string
  /**
   * Takes the arguments after the command's name; resolves with the exit code. Never rejects for an error
   * that the user can fix.
   */
  run(args: readonly string[]): Promise<number>
}

/**
 * An argument or an input file cannot be used; the message says why, or how to fix it, in one sentence. Exit
 * code 2.
 */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** A service that the command needs does not answer. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

/** The arguments are right, but what was asked cannot be done; the message is the reason. Exit code 1. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

type Values<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>['values']

interface Definition<O extends ParseArgsOptionsConfig> {
  readonly name: string
  readonly summary: string
  readonly usage: string
  readonly options: O
  run(values: Values<O>, positionals: string[]): Promise<number>
}

const HELP = { help: { type: 'boolean', short: 'h' } } as const

/** Adds to a command its --help, a sentence for unknown options, and exit codes for errors. */
export function command<const O extends ParseArgsOptionsConfig>({
  name,
  summary,
  usage,
  options,
  run,
}: Definition<O>): Command {
  return {
    name,
    summary,
    usage,
    async run(args) {
      try {
        const { values, positionals } = readArguments(args, { ...options, ...HELP })
        if ((values as { help?: boolean }).help) {
          process.stdout.write(`${usage.trim()}\n`)
          return EXIT.ok
        }
        return await run(values as Values<O>, positionals)
      } catch (error) {
        return explain(name, error)
      }
    },
  }
}

function readArguments<O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
): { values: Values<O>; positionals: string[] } {
  const { tokens } = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  for (const token of tokens) {
    if (token.kind !== 'option') continue
    const { name, rawName, value, inlineValue } = token
    if (!Object.hasOwn(options, name))
      throw new UsageError(`There is no option ${rawName}.${hint(name, Object.keys(options), '--')}`)
    if (value !== undefined && !inlineValue && /^-./.test(value))
      throw new UsageError(
        `${rawName} has no value, since ${value} looks like an option; if it is the value, write ${rawName}=${value}.`,
      )
  }
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true }) as {
      values: Values<O>
      positionals: string[]
    }
  } catch (error) {
    throw new UsageError((error as Error).message.split('\n')[0])
  }
}

/** Writes an error to stderr in one sentence; an internal error keeps its stack. */
function explain(name: string, error: unknown): number {
  const say = (sentence: string, code: number): number => {
    process.stderr.write(`weir ${name}: ${withoutPasswords(sentence)}\n`)
    return code
  }
  if (error instanceof UsageError) return say(`${error.message} See \`weir ${name} --help\`.`, EXIT.usage)
  if (error instanceof ConfigError) return say(error.message, EXIT.usage)
  if (error instanceof Refused || error instanceof StackError) return say(error.message, EXIT.refused)
  if (error instanceof Unreachable) return say(error.message, EXIT.unreachable)
  if (error instanceof KafkaError || error instanceof CodecError)
    return say(error.message, error.retriable ? EXIT.unreachable : EXIT.refused)
  throw error
}

/** Reads an option's whole number within bounds. */
export function wholeNumber(
  option: string,
  text: string | undefined,
  fallback: number,
  least: number,
  most: number,
): number {
  if (text === undefined) return fallback
  const value = Number(text)
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new UsageError(`${option} is "${text}"; it must be a whole number from ${least} to ${most}.`)
  return value
}

/** March 1973. Smaller numbers are seconds, or mistakes. */
const MIN_MOMENT_MS = 1e11

/**
 * Reads an option's moment, in milliseconds since the epoch. It is never negative, because Kafka gives
 * negative timestamps special meanings.
 * @param others other values that the option takes: "earliest, latest, "
 */
export function moment(option: string, text: string, others = ''): number {
  const isNumber = /^\d+$/.test(text)
  const time = isNumber ? Number(text) : isoTime(text)
  if (time >= (isNumber ? MIN_MOMENT_MS : 0) && time <= MAX_TIME_MS) return time
  const wanted = `${others}a time from 1970 on such as 2026-11-22T16:00:00Z, or milliseconds since the epoch`
  throw new UsageError(`${option} is "${text}"; it must be ${wanted}.`)
}

/** Refuses more positional arguments than the command takes. */
export function onlyPositionals(positionals: readonly string[], most: number): void {
  if (positionals.length > most) throw new UsageError(`"${positionals[most]}" is one argument too many.`)
}
