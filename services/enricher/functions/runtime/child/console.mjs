/**
 * The console of a function: every call is one line `time, request id, level, text` on standard output, with
 * line feeds as carriage returns, as Lambda has it.
 */
import { writeSync } from 'node:fs'
import { format } from 'node:util'

const LEVELS = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE' }

let requestId

export function setRequestId(id) {
  requestId = id
}

export function patchConsole() {
  // What is printed is with the service before the next statement: nothing is lost at the end of the process,
  // and a flood waits instead of filling it.
  for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true)
  for (const [method, level] of Object.entries(LEVELS))
    console[method] = (...values) => logLine(level, format(...values))
}

export function logLine(level, text) {
  print(`${new Date().toISOString()}\t${requestId}\t${level}\t${text.replaceAll('\n', '\r')}\n`)
}

function print(text) {
  let rest = Buffer.from(text)
  try {
    while (rest.length > 0) rest = rest.subarray(writeSync(1, rest))
  } catch {
    // Nobody reads it any more.
  }
}
