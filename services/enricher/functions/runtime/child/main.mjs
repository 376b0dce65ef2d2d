/**
 * The program of an execution environment: loads the function's code and calls its handler for one event
 * after another. Messages go over file descriptor 3; standard output and standard error are the function's
 * log. When the other end of descriptor 3 closes, its service is gone, and this process exits.
 */
import { Socket } from 'node:net'
import { logLine, patchConsole, setRequestId } from './console.mjs'
import { describe, UnhandledPromiseRejection } from './errors.mjs'
import {
  FATAL,
  frameReader,
  HANDLED,
  INIT,
  INIT_FAILED,
  INVOKE,
  MAX_RESPONSE_BYTES,
  MEMORY,
  READY,
  RESULT,
  sendFrame,
  TOO_LARGE,
  UNHANDLED,
} from './frames.mjs'
import { invoke } from './invocation.mjs'
import { loadHandler } from './load.mjs'
import { restrict } from './restrict.mjs'

const TOO_LARGE_MESSAGE = `Response payload size exceeded maximum allowed payload size (${MAX_RESPONSE_BYTES} bytes).`
const EMPTY = Buffer.alloc(0)

const socket = new Socket({ fd: 3, readable: true, writable: true })
const exit = process.exit.bind(process)
const { parse, stringify } = JSON
const from = Buffer.from.bind(Buffer)
socket.on('close', () => exit(0))
socket.on('error', () => exit(0))

let handler
let functionArn
/** The invocation in progress; 0 while the code is being loaded, undefined while there is none. */
let current = 0

socket.on(
  'data',
  frameReader(Infinity, ({ type, sequence, number: metaBytes, body }) => {
    if (type === INIT) void init(parse(body.toString()))
    else if (type === INVOKE) begin(sequence, parse(body.toString('utf8', 0, metaBytes)), body, metaBytes)
  }),
)

/** The extra number in every message is the largest resident size so far, in KiB. */
function send(type, sequence, body, written) {
  sendFrame(socket, type, sequence, process.resourceUsage().maxRSS, [body], written)
}

async function init(options) {
  functionArn = options.functionArn
  if (options.reportMemoryMs) setInterval(() => send(MEMORY, 0, EMPTY), options.reportMemoryMs).unref()
  restrict(socket._handle, options.environment)
  patchConsole()
  process.on('uncaughtException', (error) => die(error, 129, 'Uncaught Exception'))
  process.on('unhandledRejection', (reason) =>
    die(new UnhandledPromiseRejection(reason, { cause: reason }), 128, 'Unhandled Promise Rejection'),
  )
  try {
    handler = await loadHandler(options.directory, options.handler)
  } catch (error) {
    die(error, 1, 'Uncaught Exception')
    return
  }
  current = undefined
  send(READY, 0, EMPTY)
}

function begin(sequence, meta, body, metaBytes) {
  current = sequence
  setRequestId(meta.requestId)
  // The process is kept alive by what the function waits for, not by the wait for its next event: when
  // nothing is left, the invocation is over.
  socket.unref()
  let event
  try {
    event = parse(body.toString('utf8', metaBytes))
  } catch (error) {
    finish(sequence, HANDLED, describe(error))
    return
  }
  invoke(
    handler,
    event,
    { functionArn, ...meta },
    {
      succeed: (text) => {
        const bytes = from(text)
        if (bytes.length <= MAX_RESPONSE_BYTES) finish(sequence, RESULT, bytes)
        else
          finish(sequence, TOO_LARGE, {
            errorType: 'Function.ResponseSizeTooLarge',
            errorMessage: TOO_LARGE_MESSAGE,
          })
      },
      fail: (thrown, unhandled = false) => {
        const error = describe(thrown)
        logLine('ERROR', `Invoke Error\t${stringify(error)}`)
        finish(sequence, unhandled ? UNHANDLED : HANDLED, error)
      },
    },
  )
}

/** Ends the invocation, unless it has already ended. */
function finish(sequence, type, result) {
  if (current !== sequence) return
  current = undefined
  socket.ref()
  send(type, sequence, Buffer.isBuffer(result) ? result : from(stringify(result)))
}

/** Reports an uncaught error and ends the process. */
function die(thrown, code, title) {
  const error = describe(thrown)
  logLine('ERROR', `${title}\t${stringify(error)}`)
  const sequence = current
  if (sequence === undefined) return exit(code)
  current = undefined
  socket.ref()
  send(sequence === 0 ? INIT_FAILED : FATAL, sequence, from(stringify(error)), () => exit(code))
}
