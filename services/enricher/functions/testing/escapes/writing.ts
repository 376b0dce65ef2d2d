import type { Escape } from './escape.ts'

/** Changing what is not the function's, or its own code. */
export const WRITING: readonly Escape[] = [
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
