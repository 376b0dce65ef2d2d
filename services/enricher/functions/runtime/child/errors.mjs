/** Errors as Lambda's Node.js runtime reports them. */
import { types } from 'node:util'

const named = (name) => {
  const error = class extends Error {}
  error.prototype.name = `Runtime.${name}`
  return error
}

export const ImportModuleError = named('ImportModuleError')
export const HandlerNotFound = named('HandlerNotFound')
export const MalformedHandlerName = named('MalformedHandlerName')
export const UserCodeSyntaxError = named('UserCodeSyntaxError')
export const UnhandledPromiseRejection = named('UnhandledPromiseRejection')
export const NodeJsExit = named('NodeJsExit')

/** The most that an error may add to its reader's log; the rest is cut. */
const MESSAGE_CHARACTERS = 65_536
const TRACE_LINES = 100
const TRACE_CHARACTERS = 2048

/** Returns the error JSON for a thrown value: { errorType, errorMessage, trace }. */
export function describe(thrown) {
  try {
    if (types.isNativeError(thrown) || looksLikeError(thrown)) {
      return {
        errorType: String(thrown.name).slice(0, 256),
        errorMessage: String(thrown.message).slice(0, MESSAGE_CHARACTERS),
        trace: String(thrown.stack ?? '')
          .slice(0, MESSAGE_CHARACTERS)
          .split('\n')
          .slice(0, TRACE_LINES)
          .map((line) => line.slice(0, TRACE_CHARACTERS)),
      }
    }
    return {
      errorType: typeof thrown,
      errorMessage: thrown.toString().slice(0, MESSAGE_CHARACTERS),
      trace: [],
    }
  } catch {
    const errorMessage =
      'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack'
    return { errorType: 'handled', errorMessage, trace: [] }
  }
}

const looksLikeError = (thrown) =>
  typeof thrown?.name === 'string' && typeof thrown.message === 'string' && typeof thrown.stack === 'string'
