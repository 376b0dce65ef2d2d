/**
 * Removes what Node's permission model leaves to a function's code although it reaches beyond its process:
 * signals, unix sockets, reports, the user of the process, and the environment that C libraries read. It runs
 * before that code is loaded, and leaves no original worth having in an object or a variable.
 */
import { ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import os from 'node:os'
import { parseEnv } from 'node:util'
import v8 from 'node:v8'

const NOT_PERMITTED = -os.constants.errno.EPERM
const TIME_ZONE = /^[A-Za-z][A-Za-z0-9_+-]*(\/[A-Za-z0-9_+-]+)*$/

/** `pipe` is a handle of the same class as unix sockets. */
export function restrict(pipe, variables) {
  restrictSignals()
  refuse(Object.getPrototypeOf(pipe), ['bind', 'connect', 'fchmod'], () => NOT_PERMITTED)
  // A handle that never started a process sends its signals to whatever pid its memory happens to hold.
  refuse(Object.getPrototypeOf(new ChildProcess()._handle), ['kill'], () => NOT_PERMITTED)
  // V8's flags are frozen, and an attempt to change them aborts the process: an error that can be caught is
  // better.
  for (const [owner, names] of [
    [process, CREDENTIALS],
    [v8, ['setFlagsFromString']],
  ])
    refuse(owner, names, denied)
  // The other members of process.report let a fatal error write a file anywhere.
  const { getReport } = process.report
  Object.defineProperty(process, 'report', { value: { getReport }, enumerable: true })
  replaceEnvironment(variables)
  syncBuiltinESMExports()
}

/** A process that changes its user keeps running when its service dies. */
const CREDENTIALS = ['setuid', 'setgid', 'seteuid', 'setegid', 'setgroups', 'initgroups']

function refuse(owner, names, refusal) {
  for (const name of names) owner[name] = () => refusal(name)
}

function denied(name) {
  throw Object.assign(new Error(`${name} is not available to functions.`), { code: 'ERR_ACCESS_DENIED' })
}

/** Binds the pid to the functions that are kept, so that nothing can call them for another process. */
function restrictSignals() {
  const { pid } = process
  const killSelf = process._kill.bind(process, pid)
  const setOwnPriority = os.setPriority.bind(os, 0)
  process._kill = (target, signal) => (target === pid ? killSelf(signal) : NOT_PERMITTED)
  os.setPriority = (first, second) => {
    const priority = second === undefined ? first : second
    if (priority < 0) denied('setPriority')
    setOwnPriority(priority)
  }
  for (const name of ['_debugProcess', '_debugEnd']) delete process[name]
}

/**
 * Makes process.env an object of its own. OpenSSL, the resolver and others read files that variables of the
 * real environment name; only TZ is set there, because Date follows it.
 */
function replaceEnvironment(variables) {
  const real = process.env
  const assign = (target, name, value) => {
    const text = `${value}`
    if (name === 'TZ' && TIME_ZONE.test(text)) real.TZ = text
    target[name] = text
    return true
  }
  const own = {}
  for (const [name, value] of Object.entries(variables)) assign(own, name, value)
  process.env = new Proxy(own, {
    __proto__: null,
    set: assign,
    defineProperty: (target, name, { value }) => assign(target, name, value),
  })
  process.loadEnvFile = (path = '.env') => {
    for (const [name, value] of Object.entries(parseEnv(readFileSync(path, 'utf8'))))
      process.env[name] ??= value
  }
}
