import type { Escape } from './escape.ts'

/** Starting a process or a thread. */
export const STARTING: readonly Escape[] = [
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
export const SIGNALLING: readonly Escape[] = [
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
