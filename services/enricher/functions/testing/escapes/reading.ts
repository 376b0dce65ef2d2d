import type { Escape } from './escape.ts'

/** Reading what is not the function's. */
export const READING: readonly Escape[] = [
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
