/**
 * Attempts to get out of an execution environment. Each is the body of an async function that knows `out`, a
 * folder that is not the function's, with `secret`, a file in it; `own`, the function's folder; `victim` and
 * `parent`, pids of other processes. An attempt has succeeded when its answer or its log has the secret's
 * text, when anything in `out` or `own` has changed, when the victim got a signal or another priority, or
 * when it answers 'reached'.
 */
export type Escape = readonly [name: string, code: string]

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

/** Reading what is not the function's. */
const READING: readonly Escape[] = [
  ['readFileSync', 'return fs.readFileSync(secret, "utf8")'],
  ['readFile of promises', 'return promises.readFile(secret, "utf8")'],
  ['createReadStream', 'return (await fs.createReadStream(secret).toArray()).join()'],
  [
    'openSync and readSync',
    'const b = Buffer.alloc(99); fs.readSync(fs.openSync(secret), b); return String(b)',
  ],
  ['FileHandle.readFile', 'return (await promises.open(secret)).readFile("utf8")'],
  ['FileHandle.readLines', 'for await (const line of (await promises.open(secret)).readLines()) return line'],
  ['openAsBlob', 'return (await fs.openAsBlob(secret)).text()'],
  ['a path up from its own folder', 'return fs.readFileSync(own + "/../out/secret.txt", "utf8")'],
  ['a path up as a Buffer', 'return fs.readFileSync(Buffer.from(own + "/../out/secret.txt"), "utf8")'],
  [
    'a path up as a Uint8Array',
    'return fs.readFileSync(new TextEncoder().encode(own + "/../out/secret.txt"), "utf8")',
  ],
  [
    'a URL with encoded dots',
    'return fs.readFileSync(new URL(`file://${own}/%2e%2e/out/secret.txt`), "utf8")',
  ],
  ['two slashes', 'return fs.readFileSync("/" + secret, "utf8")'],
  ['the root in /proc', 'return fs.readFileSync("/proc/self/root" + secret, "utf8")'],
  ['the folder in /proc', 'return fs.readFileSync("/proc/self/cwd/../out/secret.txt", "utf8")'],
  ['the environment of the service', 'fs.readFileSync(`/proc/${parent}/environ`); return "reached"'],
  [
    "loadEnvFile of the service's environment",
    'process.loadEnvFile(`/proc/${parent}/environ`); return "reached"',
  ],
  ['loadEnvFile', 'process.loadEnvFile(out + "/secret.env"); return process.env'],
  ['readdir', 'return fs.readdirSync(out)'],
  ['readdir of promises', 'return promises.readdir(out, { recursive: true })'],
  ['opendir', 'return Array.fromAsync(await promises.opendir(out), ({ name }) => name)'],
  ['glob', 'return fs.globSync(out + "/*")'],
  ['readlink', 'return fs.readlinkSync(out + "/link")'],
  ['realpath', 'return fs.realpathSync(out + "/link")'],
  ['realpath.native', 'return fs.realpathSync.native(out + "/link")'],
  ['watch', 'fs.watch(out).close(); return "reached"'],
  ['watchFile', 'fs.watchFile(secret, () => {}); fs.unwatchFile(secret); return "reached"'],
  ['stat', 'fs.statSync(secret); return "reached"'],
  ['lstat', 'fs.lstatSync(secret); return "reached"'],
  ['statfs', 'fs.statfsSync(out); return "reached"'],
  ['existsSync', 'if (fs.existsSync(secret)) return "reached"'],
  ['access', 'await promises.access(secret); return "reached"'],
  ['cp', 'fs.cpSync(out, own + "/copy", { recursive: true })'],
  ['cp of promises', 'await promises.cp(out, own + "/copy", { recursive: true })'],
  ['copyFile', 'fs.copyFileSync(secret, own + "/copy")'],
  [
    'a symbolic link of its own',
    'fs.symlinkSync(out, own + "/link"); return fs.readFileSync(own + "/link/secret.txt", "utf8")',
  ],
  ['a link of its own', 'fs.linkSync(secret, own + "/link"); return fs.readFileSync(own + "/link", "utf8")'],
  ['chdir', 'process.chdir(out); return "reached"'],
  ['require', 'require(secret)'],
  ['require of JSON', 'return require(out + "/secret.json")'],
  ['require of a folder', 'return require(out + "/package")'],
  ['import', 'return import(out + "/secret.mjs")'],
  ['import of JSON', 'return (await import(out + "/secret.json", { with: { type: "json" } })).default'],
  [
    'import in a script',
    `const { USE_MAIN_CONTEXT_DEFAULT_LOADER: loader } = vm.constants
    const load = vm.runInThisContext('(f) => import(f)', { importModuleDynamically: loader })
    return (await load(out + '/secret.mjs')).default`,
  ],
  [
    'a hook that resolves',
    `const hook = { url: 'file://' + out + '/secret.mjs', format: 'module', shortCircuit: true }
    const hooks = Module.registerHooks({ resolve: () => hook })
    try { return (await import('anything')).default } finally { hooks.deregister() }`,
  ],
  [
    'a hook that loads',
    `const load = (url, context, next) => next('file://' + out + '/secret.mjs', { ...context, format: 'module' })
    const hooks = Module.registerHooks({ load })
    try { return (await import('data:text/javascript,1')).default } finally { hooks.deregister() }`,
  ],
  ['a hook in a thread', 'Module.register("data:text/javascript,"); return "reached"'],
  [
    'the loader of .js',
    `const m = { exports: {}, paths: [], _compile(text) { this.text = text } }
    Module._extensions['.js'](m, out + '/secret.mjs')
    return m.text`,
  ],
  [
    'the loader of .json',
    'const m = { exports: {} }; Module._extensions[".json"](m, out + "/secret.json"); return m.exports',
  ],
  ['runMain', 'Module.runMain(secret)'],
  ['the imports of a package', 'return Module.createRequire(out + "/package/x.js").resolve("#secret")'],
  [
    'source maps',
    `process.setSourceMapsEnabled(true)
    const text = 'throw new Error()\\n//# sourceMappingURL=secret.map'
    try { new Module('x')._compile(text, out + '/x.js') } catch (error) { return error.stack }`,
  ],
  [
    'the commands of the REPL',
    `const input = new PassThrough(), output = new PassThrough()
    require('repl').start({ input, output })
    input.write('.load ' + out + '/secret.mjs\\n.save ' + out + '/saved.js\\n')
    await pause(50)
    return String(output.read())`,
  ],
  [
    'the history of the REPL',
    `const repl = require('repl').start({ input: new PassThrough(), output: new PassThrough(), terminal: true })
    return new Promise((done) => repl.setupHistory(secret, (error, { history } = {}) => done(history)))`,
  ],
  ['certificates of the system', 'process.env.SSL_CERT_FILE = out + "/secret.pem"; return certificates()'],
  ['certificates by a .env file', 'process.loadEnvFile(own + "/certificates.env"); return certificates()'],
  [
    'certificates by a property',
    `const writable = { configurable: true, enumerable: true, writable: true }
    Object.defineProperty(process.env, 'SSL_CERT_FILE', { value: out + '/secret.pem', ...writable })
    return certificates()`,
  ],
  ['a key by its URL', 'crypto.createPrivateKey(new URL("file://" + out + "/key.pem")); return "reached"'],
  ['an inspector session', 'new (require("inspector").Session)().connect(); return "reached"'],
  ['an inspector port', 'require("inspector").open(0, "127.0.0.1"); return "reached"'],
  ['process.binding', 'process.binding("fs"); return "reached"'],
  ['process.binding of another name', 'process.binding("spawn_sync"); return "reached"'],
  ['SQLite', 'new (require("node:sqlite").DatabaseSync)(out + "/new").exec("create table t (a)")'],
  ['SQLite as a builtin', 'if (process.getBuiltinModule("node:sqlite")) return "reached"'],
  ['WASI', 'new (require("wasi").WASI)({ version: "preview1", preopens: { "/": "/" } }); return "reached"'],
]

/** Changing what is not the function's, or its own code. */
const WRITING: readonly Escape[] = [
  ['writeFileSync', 'fs.writeFileSync(secret, "x")'],
  ['writeFile of promises', 'await promises.writeFile(out + "/new", "x")'],
  ['appendFile', 'fs.appendFileSync(secret, "x")'],
  ['its own code', 'fs.writeFileSync(own + "/data.txt", "x")'],
  [
    'createWriteStream',
    'await new Promise((done) => fs.createWriteStream(out + "/new").on("open", done).on("error", done))',
  ],
  ['Utf8Stream', 'new fs.Utf8Stream({ dest: out + "/new", sync: true }).flushSync()'],
  ['reading with O_TRUNC', 'fs.openSync(own + "/data.txt", fs.constants.O_RDONLY | fs.constants.O_TRUNC)'],
  ['reading with O_CREAT', 'fs.openSync(own + "/new", fs.constants.O_RDONLY | fs.constants.O_CREAT)'],
  ['unknown flags', 'fs.writeSync(fs.openSync(own + "/data.txt", fs.constants.O_RDWR | 0x10000000), "x")'],
  [
    'unknown flags, promises',
    'await (await promises.open(own + "/data.txt", fs.constants.O_RDWR | 0x10000000)).write("x")',
  ],
  [
    'O_TMPFILE',
    'fs.writeSync(fs.openSync(out, fs.constants.O_RDWR | 0x410000, 0o600), "x"); return "reached"',
  ],
  ['truncate', 'fs.truncateSync(secret)'],
  ['rename', 'fs.renameSync(own + "/data.txt", own + "/new")'],
  ['unlink', 'fs.unlinkSync(secret)'],
  ['rm', 'fs.rmSync(out + "/package", { recursive: true, force: true })'],
  ['rmdir', 'fs.rmdirSync(out + "/empty")'],
  ['mkdir', 'fs.mkdirSync(out + "/new")'],
  ['mkdir with parents', 'fs.mkdirSync(own + "/new/../../out/new", { recursive: true })'],
  ['mkdtemp', 'fs.mkdtempSync(out + "/new-")'],
  ['mkdtempDisposable', 'fs.mkdtempDisposableSync(own + "/new-")'],
  ['a copy of its own', 'fs.cpSync(own, out + "/copy", { recursive: true })'],
  ['a copy with a filter', 'await promises.cp(own, out + "/copy", { recursive: true, filter: () => true })'],
  ['symlink', 'fs.symlinkSync(own, out + "/new")'],
  ['a symbolic link that leads up', 'fs.symlinkSync("../out", own + "/new")'],
  ['link', 'fs.linkSync(own + "/data.txt", out + "/new")'],
  ['chmod', 'fs.chmodSync(secret, 0o777)'],
  ['chmod of its own', 'await promises.chmod(own + "/data.txt", 0o777)'],
  ['utimes', 'fs.utimesSync(secret, 1, 1)'],
  ['lutimes', 'fs.lutimesSync(own + "/data.txt", 1, 1)'],
  ['fchmod', 'fs.fchmodSync(fs.openSync(own + "/data.txt"), 0o777)'],
  ['fchmod of a folder', 'fs.fchmod(fs.openSync(own), 0o777, () => {}); await pause(20)'],
  ['futimes', 'fs.futimesSync(fs.openSync(own + "/data.txt"), 1, 1)'],
  ['FileHandle.chmod', 'await (await promises.open(own + "/data.txt")).chmod(0o777)'],
  ['FileHandle.utimes', 'await (await promises.open(own + "/data.txt")).utimes(1, 1)'],
  ['a unix socket', 'await listening(net.createServer(), out + "/new")'],
  ['a unix socket in its own folder', 'await listening(net.createServer(), own + "/new")'],
  [
    'a unix socket for HTTP',
    'await listening(require("http").createServer(), { path: out + "/new", readableAll: true, writableAll: true })',
  ],
  ['a unix socket for HTTP/2', 'await listening(require("http2").createServer(), out + "/new")'],
  ['a unix socket for TLS', 'await listening(require("tls").createServer(), out + "/new")'],
  ['a unix socket by its handle', 'net._createServerHandle(out + "/new", -1, -1)'],
  [
    'a unix socket by the class of a handle',
    `const handles = process._getActiveHandles().map(({ _handle }) => _handle)
    const handle = handles.find((one) => one?.bind && one.fchmod) ?? net._createServerHandle('\\0weir', -1, -1)
    const { constructor: Pipe } = handle
    const pipe = new Pipe(1)
    pipe.bind(out + '/new')
    pipe.listen(1)`,
  ],
  [
    "another process's unix socket",
    `return new Promise((done) => {
    net.connect(out + '/socket').on('connect', () => done('reached')).on('error', done)
  })`,
  ],
  ['a report', 'process.report.writeReport(out + "/new")'],
  ['a report in a folder', 'process.report.directory = out; process.report.writeReport("new")'],
  ['a report on a signal', 'report("reportOnSignal"); process.kill(process.pid, "SIGUSR2"); await pause(50)'],
  [
    'a report on an error',
    `report('reportOnUncaughtException')
    process.removeAllListeners('uncaughtException')
    setTimeout(() => { throw new Error() })
    await pause(50)`,
  ],
  ['a report on a full heap', 'report("reportOnFatalError"); fillHeap()'],
  ['a heap snapshot', 'v8.writeHeapSnapshot(out + "/new")'],
  ['a heap snapshot in its own folder', 'v8.writeHeapSnapshot()'],
  ['a heap snapshot near the limit', 'v8.setHeapSnapshotNearHeapLimit(1); fillHeap()'],
  [
    'trace events',
    'require("trace_events").createTracing({ categories: ["node", "v8"] }).enable(); await pause(50)',
  ],
  ['the compile cache', 'Module.enableCompileCache(out); Module.flushCompileCache()'],
  [
    "V8's trace of code",
    `flags('--redirect-code-traces', '--redirect-code-traces-to=' + secret, '--print-opt-code', '--trace-opt')`,
  ],
  [
    "V8's trace of code, in one text",
    'flags(`--redirect-code-traces --redirect-code-traces-to=${out}/new --print-opt-code --trace-opt`)',
  ],
  [
    "V8's natives",
    'v8.setFlagsFromString("--allow-natives-syntax"); Function("%DebugPrint(1)")(); return "reached"',
  ],
  [
    "V8's flags from an import",
    '(await import("node:v8")).setFlagsFromString("--expose-gc"); vm.runInNewContext("gc")(); return "reached"',
  ],
  [
    "V8's flags from another context",
    `vm.runInNewContext('v.setFlagsFromString("--expose-gc")', { v: process.getBuiltinModule('v8') })
    vm.runInNewContext('gc')()
    return 'reached'`,
  ],
  ['an engine of OpenSSL', 'return library(() => crypto.setEngine(own + "/library.so"))'],
  [
    'an engine for a key',
    `const options = { privateKeyEngine: own + '/library.so', privateKeyIdentifier: 'x' }
    return library(() => tls().createSecureContext(options))`,
  ],
  [
    'an engine for a certificate',
    'return library(() => tls().createSecureContext().context.setClientCertEngine(own + "/library.so"))',
  ],
  ['a native addon', 'return library(() => process.dlopen({ exports: {} }, own + "/library.so"))'],
  [
    'require of a native addon',
    'return library(() => Module._extensions[".node"]({ exports: {} }, own + "/library.so"))',
  ],
]

/** Starting a process or a thread. */
const STARTING: readonly Escape[] = [
  ['spawn', 'await once(cp.spawn("/bin/sh", touch), "exit")'],
  ['spawnSync', 'cp.spawnSync("/bin/sh", touch)'],
  ['exec', 'await new Promise((done) => cp.exec(touch[1], done))'],
  ['execFileSync', 'cp.execFileSync("/bin/sh", touch)'],
  ['fork', 'await once(cp.fork(own + "/touch.cjs", { execArgv: [] }), "exit")'],
  [
    'cluster',
    `const cluster = require('cluster')
    cluster.setupPrimary({ exec: own + '/touch.cjs', execArgv: [] })
    await once(cluster.fork(), 'exit')`,
  ],
  [
    'ChildProcess.spawn',
    `const child = new cp.ChildProcess()
    child.spawn({ file: '/bin/sh', args: ['sh', ...touch], envPairs: [], stdio: 'ignore' })
    await once(child, 'exit')`,
  ],
  [
    'the handle of a process',
    `const stdio = Array.from({ length: 3 }, () => ({ type: 'ignore' }))
    new cp.ChildProcess()._handle.spawn('/bin/sh', ['sh', ...touch], undefined, [], stdio, 0, undefined, undefined)
    await pause(50)`,
  ],
  ['execve', 'process.execve("/bin/sh", ["sh", ...touch], {})'],
  ['a worker', 'new (require("worker_threads").Worker)("1", { eval: true }); return "reached"'],
  [
    'a worker with arguments',
    'new (require("worker_threads").Worker)("1", { eval: true, execArgv: ["--allow-fs-write=*"] }); return "reached"',
  ],
  [
    "a worker of Node's own",
    `return new Promise((done) => {
    require('diagnostics_channel').channel('worker_threads').subscribe(({ worker }) => done(worker && 'reached'))
    try { Module.register('data:text/javascript,') } catch { done() }
  })`,
  ],
]

/** Signals and the like for other processes. */
const SIGNALLING: readonly Escape[] = [
  ['process.kill', 'process.kill(victim)'],
  ['kill from an import', '(await import("node:process")).kill(victim)'],
  ['kill of a group', 'process.kill(-victim)'],
  ['_kill', 'process._kill(victim, 15)'],
  [
    '_kill with another value',
    `for (const value of [{ valueOf: () => victim }, String(victim), [victim]]) {
      try { process._kill(value, 15) } catch {}
    }
    process._kill(victim + 0.4, 15)`,
  ],
  ['_debugProcess', 'process._debugProcess(victim)'],
  // A handle that started no process signals whatever pid its memory held before; a function can fill memory
  // with pids.
  [
    'the handle of no process',
    `const handles = Array.from({ length: 50 }, () => new cp.ChildProcess()._handle)
    if (handles.some((handle) => handle.kill(0) !== -os.constants.errno.EPERM)) return 'reached'`,
  ],
  ['the priority', 'os.setPriority(victim, 19)'],
  ['another user', 'process.setuid(process.getuid()); return "reached"'],
  ['another effective user', 'process.seteuid(process.geteuid()); return "reached"'],
  ['another group', 'process.setgid(process.getgid()); return "reached"'],
]

/** These change what the runtime and Node's own code call; each runs in a process of its own. */
export const PATCHING: readonly Escape[] = [
  ...['call', 'apply', 'bind'].map(
    (name): Escape => [
      `Function.prototype.${name}`,
      `const { ${name}: original } = Function.prototype
    const seen = new Set()
    Function.prototype.${name} = function (...values) {
      seen.add(this)
      return Reflect.apply(original, this, values)
    }
    process._kill(process.pid, 0)
    process.kill(process.pid, 0)
    os.setPriority(process.pid, 1)
    Function.prototype.${name} = original
    for (const one of [process._kill, ...seen]) try { one(victim, 15) } catch {}`,
    ],
  ),
  ['another pid', 'Object.defineProperty(process, "pid", { value: victim }); process._kill(victim, 15)'],
  [
    'Reflect.apply',
    `const { apply } = Reflect
    const seen = [process._kill]
    Reflect.apply = (...values) => {
      seen.push(values[0])
      return apply(...values)
    }
    process.kill(process.pid, 0)
    for (const one of seen) try { one(victim, 15) } catch {}`,
  ],
  [
    'setters of Object.prototype',
    `const caught = [process._kill]
    for (const name of ['kill', '_kill', 'handle', 'killSelf', 'original']) {
      Object.defineProperty(Object.prototype, name, { set: (value) => caught.push(value), configurable: true })
    }
    process.kill(process.pid, 0)
    os.setPriority(process.pid, 1)
    for (const one of caught) try { one(victim, 15) } catch {}`,
  ],
  [
    'the functions of a stack trace',
    `Error.prepareStackTrace = (error, sites) => sites.map((site) => [site.getThis(), site.getFunction()])
    const seen = [process._kill, ...new Error().stack.flat()].filter((value) => /kill/i.test(value?.name))
    delete Error.prepareStackTrace
    for (const one of seen) try { one(victim, 15) } catch {}`,
  ],
  [
    'async hooks',
    `const hooks = require('async_hooks'), seen = new Set()
    const hook = hooks.createHook({ init: (id, type, trigger, resource) => void seen.add(resource) }).enable()
    net.createServer().listen('\\0weir-' + process.pid).on('error', () => {})
    seen.add(hooks.executionAsyncResource())
    await promises.readdir(own)
    hook.disable()
    for (const resource of [...seen]) if (resource?.fchmod) new resource.constructor(1).bind(out + '/new')`,
  ],
  [
    'diagnostics channels',
    `const seen = []
    require('diagnostics_channel').subscribe('child_process.spawn.start', (message) => seen.push(message))
    require('diagnostics_channel').subscribe('child_process', (message) => seen.push(message))
    try { cp.spawn('/bin/sh', touch) } catch {}
    for (const { process: { _handle: { constructor: Process } } } of seen) {
      new Process().spawn('/bin/sh', ['sh', ...touch], undefined, [], [], 0)
    }
    await pause(50)`,
  ],
  ['listeners of the process', 'process.removeAllListeners(); process.emit("SIGTERM"); process.kill(victim)'],
  [
    "the permission model's question",
    'if (process.permission) process.permission.has = () => true; return fs.readFileSync(secret, "utf8")',
  ],
  [
    'the functions of node:path',
    `for (const name of ['resolve', 'normalize', 'join', 'toNamespacedPath']) path[name] = (p) => p
    return fs.readFileSync(own + '/../out/secret.txt', 'utf8')`,
  ],
  [
    'the writing of a Buffer',
    `Buffer.prototype.utf8Write = function (text, ...rest) {
      return this.latin1Write(text.replace('own/data.txt', 'out/secret.txt'), ...rest)
    }
    return fs.readFileSync(Buffer.from(own + '/../out/secret.txt'), 'utf8')`,
  ],
  [
    'the text of a Buffer',
    `const { toString } = Buffer.prototype
    for (const name of ['utf8Slice', 'latin1Slice', 'toString']) Buffer.prototype[name] = () => own + '/data.txt'
    const found = fs.readFileSync(new TextEncoder().encode(secret))
    return toString.call(found, 'latin1')`,
  ],
  [
    'prototypes of texts and lists',
    `for (const name of ['startsWith', 'includes', 'endsWith']) String.prototype[name] = () => true
    for (const name of ['includes', 'some', 'every']) Array.prototype[name] = () => true
    Set.prototype.has = Map.prototype.has = () => true
    return fs.readFileSync(secret, 'utf8')`,
  ],
  [
    'Symbol.species and iterators',
    `Object.defineProperty(Array, Symbol.species, { get: () => function () { return [secret] } })
    Array.prototype[Symbol.iterator] = function* () { yield secret }
    return fs.readFileSync(secret, 'utf8')`,
  ],
  [
    'permissions of a prototype',
    `Object.prototype.execArgv = ['--allow-fs-write=*']
    new (require('worker_threads').Worker)('1', { eval: true })
    return 'reached'`,
  ],
  [
    'the caches of modules',
    `for (const name of Object.keys(require.cache)) delete require.cache[name]
    delete process.permission
    return fs.readFileSync(secret, 'utf8')`,
  ],
  [
    "the runtime's restrictions once more",
    `try {
      const { restrict } = await import(path.dirname(process.argv[1]) + '/restrict.mjs?again')
      restrict(process._getActiveHandles()[0]._handle, { SSL_CERT_FILE: out + '/secret.pem' })
    } catch {}
    process._kill(victim, 15)`,
  ],
]

/** What Node.js alone does not prevent. */
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
