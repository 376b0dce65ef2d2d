import { spawnSync } from 'node:child_process'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { command, moment, onlyPositionals, Refused, Unreachable, UsageError, wholeNumber } from './command.ts'
import { nearest } from './nearest.ts'

let said = ''
const write = process.stderr.write
beforeEach(() => {
  said = ''
  process.stderr.write = ((text: string) => {
    said += text
    return true
  }) as typeof process.stderr.write
})
afterEach(() => {
  process.stderr.write = write
})

const failing = (error: Error) =>
  command({
    name: 'try',
    summary: '',
    usage: 'how',
    options: { speed: { type: 'string' }, json: { type: 'boolean' } },
    run: () => Promise.reject(error),
  })

test.each([
  [['--sped', '3'], 2, 'weir try: There is no option --sped. Did you mean --speed? See `weir try --help`.\n'],
  [['--nothing-like-it'], 2, 'weir try: There is no option --nothing-like-it. See `weir try --help`.\n'],
  [['--json=yes'], 2, /does not take an argument/],
  [['--speed'], 2, /argument missing/],
  [
    ['--speed', '-5'],
    2,
    'weir try: --speed has no value, since -5 looks like an option; if it is the value, write --speed=-5. See `weir try --help`.\n',
  ],
  [['--speed', '--json'], 2, /write --speed=--json/],
])('the arguments %j are refused in one sentence', async (args, code, sentence) => {
  expect(await failing(new Error('never run')).run(args)).toBe(code)
  expect(said).toMatch(sentence)
  expect(said.trimEnd()).not.toContain('\n')
})

test.each([
  [new UsageError('Name a file.'), 2],
  [new Refused('No.'), 1],
  [new Unreachable('Nothing there.'), 4],
])('the error "%s" ends the command with its exit code', async (error, code) => {
  expect(await failing(error).run([])).toBe(code)
  expect(said).toContain(error.message)
})

test('an error shows no password', async () => {
  expect(await failing(new Unreachable('Nothing at http://me:sesame@h?token=sesame.')).run([])).toBe(4)
  expect(said).toBe('weir try: Nothing at http://me:********@h?token=********\n')
})

test('an unexpected error keeps its stack', async () => {
  await expect(failing(new TypeError('ours')).run([])).rejects.toThrow('ours')
})

test('numbers out of bounds and superfluous arguments are refused', () => {
  expect(wholeNumber('--count', undefined, 7, 1, 10)).toBe(7)
  expect(wholeNumber('--count', '10', 7, 1, 10)).toBe(10)
  for (const text of ['0', '11', '1.5', '-1', 'x', ''])
    expect(() => wholeNumber('--count', text, 7, 1, 10)).toThrow('--count')
  expect(() => onlyPositionals(['a', 'b'], 1)).toThrow('"b" is one argument too many')
})

test('a moment is an ISO time or milliseconds from 1970 on, and nothing else', () => {
  expect(
    ['1970-01-01', '2026-11-28T05:27:43+01:00', '1795843663000'].map((text) => moment('--to', text)),
  ).toEqual([0, 1_795_840_063_000, 1_795_843_663_000])
  for (const text of [
    '',
    ' ',
    '0',
    '1795843663',
    '0x1a2b3c4d5e6f',
    '1e12',
    '1795843663000.5',
    '-1',
    '1969-12-31T23:59:59.999Z',
    '2026-02-30',
    '99999999999999999',
    'noon',
  ]) {
    expect(() => moment('--to', text, 'earliest, '), text).toThrow(
      `--to is "${text}"; it must be earliest, a time from 1970 on`,
    )
  }
})

test('a mistyped name finds the nearest known one', () => {
  const commands = ['status', 'topics', 'lag', 'tail', 'send', 'replay', 'dlq']
  expect(
    ['stauts', 'topic', 'tial', 'replai', 'rep', 'xyz', 'quickly'].map((typed) => nearest(typed, commands)),
  ).toEqual(['status', 'topics', 'tail', 'replay', 'replay', undefined, undefined])
})

test('a command ends quietly when the reader of its output goes away', () => {
  const script = `
    const { replay } = await import(${JSON.stringify(new URL('./commands/replay.ts', import.meta.url).href)})
    const { untilStopped, print } = await import(${JSON.stringify(new URL('./terminal/output.ts', import.meta.url).href)})
    const signal = untilStopped()
    while (!signal.aborted) await print(replay.usage.repeat(100), signal)
    process.stderr.write('ended')`
  const result = spawnSync(
    '/bin/sh',
    ['-c', `'${process.execPath}' --input-type=module -e "$SCRIPT" | head -1`],
    { env: { ...process.env, SCRIPT: script }, encoding: 'utf8', timeout: 30_000 },
  )
  expect(result.stderr).toBe('ended')
})
