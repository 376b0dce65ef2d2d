/**
 * One call of the handler: its context, its callback, and the ways in which it can end, as in Lambda's
 * Node.js runtime.
 */
import { NodeJsExit } from './errors.mjs'

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. ' +
  'For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes'

/** Called when nothing is left for the function to wait for; replaced by each invocation. */
let onIdle = () => {}
process.on('beforeExit', () => onIdle())

/**
 * Calls the handler. Exactly one of `succeed(json text)` and `fail(thrown)` follows, unless the process ends
 * first. `meta`: { requestId, deadlineMs, clientContext?, identity?, functionArn }.
 */
export function invoke(handler, event, meta, { succeed, fail }) {
  let finished = false
  let waits = true

  const complete = (result) => {
    let text
    try {
      text = JSON.stringify(result === undefined ? null : result) ?? 'null'
    } catch {
      fail(new Error('Unable to stringify response body'))
      return
    }
    succeed(text)
  }
  const end = (action) => {
    if (finished) return
    finished = true
    onIdle = () => {}
    action()
  }
  const done = (error, result) =>
    end(() => (error === undefined || error === null ? complete(result) : fail(error)))
  const callback = (error, result) => {
    if (finished || (error !== undefined && error !== null) || !waits) return done(error, result)
    finished = true
    onIdle = () => {
      onIdle = () => {}
      complete(result)
    }
  }
  onIdle = () => {
    if (handler.constructor?.name === 'AsyncFunction') {
      end(() => fail(new NodeJsExit(NEVER_SETTLED), true))
    } else {
      end(() => complete(null))
    }
  }

  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waits
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waits = value
    },
    done,
    succeed: (result) => done(null, result),
    fail: (error) => done(error ?? 'handled'),
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: meta.clientContext,
    identity: meta.identity,
    invokedFunctionArn: meta.functionArn,
    awsRequestId: meta.requestId,
    getRemainingTimeInMillis: () => meta.deadlineMs - Date.now(),
  }
  try {
    const result = handler(event, context, callback)
    if (typeof result?.then === 'function') result.then(context.succeed, context.fail)
  } catch (error) {
    callback(error)
  }
}
