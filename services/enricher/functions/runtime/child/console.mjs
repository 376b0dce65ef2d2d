/**
 * The console of a function: every call prints one line `time, request id, level, text` on standard output,
 * with line feeds replaced by carriage returns, as in Lambda.
 */
import { writeSync } from 'node:fs'
import { format } from 'node:util'

const LEVELS = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE' }

let requestId

export function setRequestId(id) {
  requestId = id
}

export function patchConsole() {
  // Output reaches the service before the next statement: nothing is lost at the end of the process, and a
  // flood waits instead of filling the process's memory.
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
