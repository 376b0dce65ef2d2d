/** Functions in Python. */
import { randomUUID } from 'node:crypto'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CONFINEMENTS, code, json, open, openPython, python, root, running } from '../testing/environments.ts'

describe.each(CONFINEMENTS)('Python, %s', (confinement) => {
  test("the handler gets Lambda's event, context and variables, and keeps its state", async () => {
    const { environment, invoke } = openPython(
      `
import os
count = 0
def handler(event, context):
    global count
    count += 1
    return {
        'event': event, 'count': count, 'cwd': os.getcwd(), 'left': context.get_remaining_time_in_millis(),
        'context': [
            context.aws_request_id, context.function_name, context.function_version, context.memory_limit_in_mb,
            context.invoked_function_arn, context.log_group_name, context.client_context.custom,
            context.identity.cognito_identity_id],
        'variables': dict(os.environ),
    }
`,
      {
        confinement,
        environment: {
          QUOTED: 'it\'s $HOME `id` "x"\n\\',
          'NOT A NAME': 'x',
          TZ: 'Asia/Tokyo',
          AWS_LAMBDA_FUNCTION_NAME: 'other',
        },
      },
    )
    const event = Buffer.from(JSON.stringify({ x: 'ü€😀' }))
    const options = {
      requestId: 'r-1',
      clientContext: { custom: { a: 'ü' } },
      identity: { cognitoIdentityId: 'i' },
    }
    expect((await environment.invoke(event, options)).ok).toBe(true)
    const answer = json(await environment.invoke(event, options)) as Record<string, unknown>
    const arn = 'arn:aws:lambda:eu-west-1:000000000000:function:taxis'
    expect(answer).toMatchObject({
      event: { x: 'ü€😀' },
      count: 2,
      cwd: environment.options.directory,
      context: ['r-1', 'taxis', '7', '256', arn, '/aws/lambda/taxis', { a: 'ü' }, 'i'],
      variables: {
        QUOTED: 'it\'s $HOME `id` "x"\n\\',
        TZ: 'Asia/Tokyo',
        _HANDLER: 'app.handler',
        LAMBDA_TASK_ROOT: environment.options.directory,
        AWS_REGION: 'eu-west-1',
        AWS_EXECUTION_ENV: `AWS_Lambda_python${python.version}`,
      },
    })
    expect(answer.left).toBeGreaterThan(1000)
    const names = Object.keys(answer.variables as object)
    expect(names.filter((name) => ['NOT A NAME', 'HOME', 'OLDPWD'].includes(name))).toEqual([])
    expect((await invoke()).maxMemoryMb).toBeGreaterThan(5)
  })

  test('time and memory end by a kill, and what the function started ends with it', async () => {
    const marker = randomUUID()
    const loop = openPython('def handler(event, context):\n    while True: pass', {
      confinement,
      timeoutMs: 500,
    })
    expect(await loop.invoke()).toMatchObject({ ok: false, kind: 'timeout' })
    const greedy = openPython(
      `
import subprocess, sys
def handler(event, context):
    code = "kept = bytes(90_000_000).replace(bytes(1), b'x'); import time; time.sleep(60) # ${marker}"
    children = [subprocess.Popen([sys.executable, '-c', code], start_new_session=True) for _ in range(2)]
    return [child.wait() for child in children]
`,
      { confinement, memoryMb: 192 },
    )
    expect(await greedy.invoke()).toMatchObject({ ok: false, kind: 'memory' })
    await Promise.all([loop.environment.closed, greedy.environment.closed])
    await expect.poll(() => running(marker)).toBe(0)
  })

  test('a process that is left behind does not keep the environment', async () => {
    const { invoke, environment } = openPython(
      `
import os, subprocess, sys
def handler(event, context):
    subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(9)'], start_new_session=True)
    os._exit(3)
`,
      { confinement },
    )
    const outcome = await invoke()
    const errorMessage = 'RequestId: id-1 Error: Runtime exited with error: exit status 3'
    expect(json(outcome)).toEqual({ errorType: 'Runtime.ExitError', errorMessage })
    await environment.closed
  })

  test('it has no privileges, and no byte goes to a file', async () => {
    const target = join(root, 'written')
    const answer = json(
      await openPython(
        `
import resource
def attempt(action):
    try: return str(action())
    except BaseException as error: return type(error).__name__
def written():
    with open(${JSON.stringify(target)}, 'w') as file: file.write('x')
def handler(event, context):
    import signal
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    status = dict(line.split(':', 1) for line in open('/proc/self/status'))
    return [status['CapEff'].strip(), status['CapBnd'].strip(), status['NoNewPrivs'].strip(), attempt(written),
            attempt(lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9, 9)))]
`,
        { confinement },
      ).invoke(),
    ) as string[]
    expect(answer.slice(2)).toEqual(['1', 'OSError', 'ValueError'])
    const none = Array(2).fill('0000000000000000')
    if (process.getuid!() === 0 || confinement === 'namespaces') expect(answer.slice(0, 2)).toEqual(none)
    if (existsSync(target)) writeFileSync(target, '')
  })
})

test.each(CONFINEMENTS.slice(0, -1))(
  'Python sees its code, the system and itself, %s',
  async (confinement) => {
    const neighbour = code({ 'secret.txt': 'theirs' })
    const answer = json(
      await openPython(
        `
import os, signal, socket
def attempt(action):
    try: return str(action())
    except BaseException as error: return type(error).__name__
def handler(event, context):
    secret = event['neighbour'] + '/secret.txt'
    return {name: attempt(action) for name, action in {
        'own': lambda: open('app.py').read()[1:6],
        'read': lambda: open(secret).read(),
        'exists': lambda: os.path.exists(secret),
        'passwords': lambda: open('/etc/shadow').read(),
        'list': lambda: os.listdir(event['neighbour']),
        'create': lambda: open('new', 'w'),
        'remove': lambda: os.remove('app.py'),
        'mode': lambda: os.chmod('app.py', 0o777),
        'link': lambda: os.symlink('/', 'link'),
        'socket': lambda: socket.socket(socket.AF_UNIX).bind('socket'),
        'temporary': lambda: open('/tmp/new', 'w'),
        'signal': lambda: os.kill(event['parent'], 0),
        'all': lambda: os.kill(-1, 0),
        'processes': lambda: event['parent'] in map(int, filter(str.isdigit, os.listdir('/proc'))),
        'proc': lambda: open('/proc/sys/kernel/hostname', 'w'),
        'mount': lambda: os.system('mount -t tmpfs x /tmp 2>/dev/null') != 0,
        'user': lambda: os.system('unshare --user true 2>/dev/null') != 0,
    }.items()}
`,
        { confinement },
      ).invoke({ neighbour, parent: 4_000_000 }),
    )
    expect(answer).toEqual({
      own: 'impor',
      read: 'FileNotFoundError',
      exists: 'False',
      passwords: 'FileNotFoundError',
      list: 'FileNotFoundError',
      create: 'OSError',
      remove: 'OSError',
      mode: 'OSError',
      link: 'OSError',
      socket: 'OSError',
      temporary: 'OSError',
      signal: 'ProcessLookupError',
      all: 'ProcessLookupError',
      processes: 'False',
      proc: 'OSError',
      mount: 'True',
      user: 'True',
    })
  },
)

describe('errors of Python', () => {
  test.each<[name: string, text: string, handler: string, kind: string, type: string, message: unknown]>([
    [
      'an exception',
      'def handler(e, c):\n    raise KeyError("x")',
      'app.handler',
      'handled',
      'KeyError',
      "'x'",
    ],
    [
      'one without a text',
      'class E(Exception):\n  def __str__(self): raise self\ndef handler(e, c): raise E()',
      'app.handler',
      'handled',
      'E',
      '',
    ],
    [
      'a result that is no JSON',
      'def handler(e, c): return object()',
      'app.handler',
      'handled',
      'Runtime.MarshalError',
      'Unable to marshal response: Object of type object is not JSON serializable',
    ],
    [
      'sys.exit',
      'import sys\ndef handler(e, c): sys.exit(4)',
      'app.handler',
      'exit',
      'Runtime.ExitError',
      expect.stringContaining('exit status 4'),
    ],
    [
      'an abort',
      'import os\ndef handler(e, c): os.abort()',
      'app.handler',
      'exit',
      'Runtime.ExitError',
      expect.stringContaining('signal: aborted'),
    ],
    [
      'no module',
      '',
      'other.handler',
      'init',
      'Runtime.ImportModuleError',
      "Unable to import module 'other': No module named 'other'",
    ],
    [
      'no dependency',
      'import nowhere',
      'app.handler',
      'init',
      'Runtime.ImportModuleError',
      "Unable to import module 'app': No module named 'nowhere'",
    ],
    [
      'no function',
      '',
      'app.handler',
      'init',
      'Runtime.HandlerNotFound',
      "Handler 'handler' missing on module 'app'",
    ],
    [
      'no dot',
      '',
      'app',
      'init',
      'Runtime.MalformedHandlerName',
      expect.stringContaining("Bad handler 'app'"),
    ],
    [
      'a module of Python itself',
      '',
      'sys.exit',
      'init',
      'Runtime.BuiltInModuleConflict',
      'Cannot use built-in module sys as a handler module',
    ],
    [
      'syntax',
      'def handler(',
      'app.handler',
      'init',
      'Runtime.UserCodeSyntaxError',
      expect.stringContaining("Syntax error in module 'app'"),
    ],
    ['an exception while loading', 'raise ValueError("no")', 'app.handler', 'init', 'ValueError', 'no'],
    [
      'an exit while loading',
      'import os; os._exit(5)',
      'app.handler',
      'init',
      'Runtime.ExitError',
      expect.stringContaining('exit status 5'),
    ],
  ])('%s', async (_, text, handler, kind, errorType, errorMessage) => {
    const outcome = await openPython(text, { handler }).invoke()
    expect({ ...outcome, error: json(outcome) }).toMatchObject({
      ok: false,
      kind,
      error: { errorType, errorMessage },
    })
  })

  test('an exception has the request and the stack, in the log too', async () => {
    const { invoke, lines, environment } = openPython(
      'def handler(event, context):\n    return inner()\ndef inner():\n    raise ValueError("bad")',
    )
    const path = join(environment.options.directory, 'app.py')
    const error = json(await invoke({}, 'r-2')) as { stackTrace: string[] }
    expect(error).toMatchObject({ errorType: 'ValueError', errorMessage: 'bad', requestId: 'r-2' })
    // Some versions of Python mark what failed in an extra line.
    expect(error.stackTrace.map((entry) => entry.replace(/\n[ ^~]+\n/, '\n'))).toEqual([
      `  File "${path}", line 2, in handler\n    return inner()\n`,
      `  File "${path}", line 4, in inner\n    raise ValueError("bad")\n`,
    ])
    expect(lines.join()).toMatch(
      /\[ERROR\] ValueError: bad\rTraceback \(most recent call last\):\r\u00a0\u00a0File /,
    )
    expect((await invoke()).ok).toBe(false)
  })

  test('what is printed and logged is the log, and a handler in a folder is found', async () => {
    const { invoke } = open(
      {
        'pkg/app.py': `
import logging, sys
def handler(event, context):
    logging.getLogger().warning('warned')
    print('printed'); print('error', file=sys.stderr); sys.stdout.write('half')
`,
      },
      { runtime: 'python', python, handler: 'pkg/app.handler', timeoutMs: 20_000 },
    )
    const { logTail } = await invoke({}, 'r-3')
    expect(logTail).toMatch(/\[WARNING\]\t\d{4}-\d\d-\d\dT[\d:.]+Z\tr-3\twarned\n/)
    expect(logTail).toContain('printed\n')
    expect(logTail).toContain('error\n')
    expect(logTail).toMatch(/^START RequestId: r-3 Version: 7\n[\s\S]*REPORT RequestId: r-3\tDuration/)
  })
})
