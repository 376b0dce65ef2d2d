import type { Escape } from './escape.ts'

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
