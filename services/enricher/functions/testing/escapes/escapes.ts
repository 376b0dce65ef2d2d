import type { Escape } from './escape.ts'
import { SIGNALLING, STARTING } from './processes.ts'
import { READING } from './reading.ts'
import { WRITING } from './writing.ts'

/** The text in `secret`. */
export const SECRET = 'not-for-functions'

/** Its subject is the secret. */
export const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBjzCCATWgAwIBAgIUe6ozbprCw3u1TaJD69k44uPo64QwCgYIKoZIzj0EAwIw
HDEaMBgGA1UEAwwRbm90LWZvci1mdW5jdGlvbnMwIBcNMjYxMTI4MDgzMjAwWhgP
MjEyNjExMDQwODMyMDBaMBwxGjAYBgNVBAMMEW5vdC1mb3ItZnVuY3Rpb25zMFkw
EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4sC06D5MRFxCws6mTT9tV475Errr+9ZI
nVJhFwkmhFZBiL5pHa1nEqGvNCIYmD4/davHOXNuSn54EAx7jlow0qNTMFEwHQYD
VR0OBBYEFEVIt4zfd4BxsDttxHeeuhHPcaYnMB8GA1UdIwQYMBaAFEVIt4zfd4Bx
sDttxHeeuhHPcaYnMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIh
AIKyEUvcYXpqUez3zrF5Jug/INhqeQfvAaaoFQ7nEIlrAiAsaS1amgHiqBLScjM9
QNjB5jXpAZArJaJX418AUpqPQw==
-----END CERTIFICATE-----
`

/** Escapes that Node.js alone does not prevent. */
export const WITHOUT_NAMESPACES: readonly Escape[] = [
  ['the resolver', 'require.resolve(secret); return "reached"'],
]

export const ESCAPES: readonly Escape[] = [...READING, ...WRITING, ...STARTING, ...SIGNALLING]

/** The module whose handler makes the attempt of its event's index. */
export const escapesModule = (escapes: readonly Escape[]): string => `
  const fs = require('fs'), promises = require('fs/promises'), path = require('path'), os = require('os')
  const net = require('net'), Module = require('module'), { once } = require('events')
  const cp = require('child_process'), crypto = require('crypto'), v8 = require('v8'), vm = require('vm')
  const { PassThrough } = require('stream'), { setTimeout: pause } = require('timers/promises')
  const tls = () => require('tls')
  let out, own, secret, victim, parent, touch
  const certificates = () => tls().getCACertificates('system').map((one) => new crypto.X509Certificate(one).subject)
  const listening = (server, at) => new Promise((done) => server.on('error', done).listen(at, done))
  const report = (name) => Object.assign(process.report, { directory: out, filename: 'new', [name]: true })
  const fillHeap = () => { for (let all = [1]; ;) all = all.concat(all) }
  const flags = (...values) => {
    for (const value of values) v8.setFlagsFromString(value)
    const hot = (n) => n * 2 + 1
    for (let i = 0; i < 1e6; i++) hot(i)
  }
  // The library is an empty file: what the linker says of it shows that it was opened.
  const library = (load) => {
    try { load() } catch ({ message }) { if (/too short|shared library|was not found/.test(message)) return 'reached' }
  }
  const attempts = [${escapes.map(([, code]) => `async () => { ${code} }`).join(',\n')}]
  exports.handler = async ({ index, ...event }) => {
    ({ out, own, victim, parent } = event)
    secret = out + '/secret.txt'
    touch = ['-c', 'touch ' + out + '/new']
    return attempts[index]()
  }`
