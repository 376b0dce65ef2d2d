/** A function cannot take more of the machine than its share, nor anything from its neighbours. */
import { watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { CONFINEMENTS, json, openProvided, openPython } from '../testing/environments.ts'
import { confinement } from './confine.ts'

const inNamespaces = test.runIf(confinement() === 'namespaces')

/** Python that maps `size` bytes of shared memory, of which every page is used. */
const SHARED = `
import ctypes, mmap, os, time
libc = ctypes.CDLL(None, use_errno=True)
libc.munmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t]
libc.prctl.argtypes = [ctypes.c_int, ctypes.c_long, ctypes.c_void_p, ctypes.c_size_t, ctypes.c_char_p]
kept = []
def share(size):
    area = mmap.mmap(-1, size, mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    for at in range(0, size, 4096): area[at] = 1
    kept.append(area)
    return area
`

describe.each(CONFINEMENTS)('memory that no process has resident, %s', (confinement) => {
  test.each([
    ['given back, but still mapped', 'share(8 << 20).madvise(mmap.MADV_DONTNEED)'],
    [
      // Only root learns how much of it is left.
      'mapped only in part, under another name',
      `
        area = share(8 << 20)
        address = ctypes.addressof(ctypes.c_char.from_buffer(area))
        rest = 0 if os.getuid() == 0 else (8 << 20) - 4096
        libc.munmap(address + (4096 if rest == 0 else 0), (8 << 20) - 4096)
        libc.prctl(0x53564d41, 0, address + rest, 4096, b'mine')`,
    ],
  ])('counts if it is %s', async (_, step) => {
    const { invoke } = openPython(
      `${SHARED}
def handler(event, context):
    for i in range(60):
        ${step}
    time.sleep(10)
`,
      { confinement, memoryMb: 256 },
    )
    const outcome = await invoke()
    expect(outcome).toMatchObject({ ok: false, kind: 'memory' })
    expect(outcome.maxMemoryMb).toBeGreaterThan(256)
  })

  test('counts once if processes share it', async () => {
    const { invoke } = openPython(
      `${SHARED}
def handler(event, context):
    area = share(60 << 20)
    area.madvise(mmap.MADV_DONTNEED)
    children = [os.fork() for i in range(3)]
    if 0 in children:
        time.sleep(1)
        os._exit(0)
    for child in children: os.waitpid(child, 0)
    return area[4096]
`,
      { confinement, memoryMb: 192 },
    )
    const outcome = await invoke()
    expect(json(outcome)).toBe(1)
    expect(outcome.maxMemoryMb).toBeGreaterThan(60)
  })

  test('and what a thread takes after the answer counts as well', async () => {
    const { invoke, environment } = openPython(
      `
import threading, time
kept = []
def take():
    time.sleep(0.5)
    kept.append(bytes(400 << 20).replace(bytes(1), b'x'))
def handler(event, context):
    threading.Thread(target=take).start()
`,
      { confinement },
    )
    expect((await invoke()).ok).toBe(true)
    await environment.closed
  })
})

inNamespaces('there is no memory that belongs to no process', async () => {
  const { invoke } = openPython(`
import ctypes
libc = ctypes.CDLL(None)
def handler(event, context):
    return [libc.shmget(0, 8 << 20, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 100, 0o1600),
            libc.mq_open(b'/x', 0o102, 0o600, None)]
`)
  expect(json(await invoke())).toEqual([-1, -1, -1, -1])
})

inNamespaces('a function gets a few of the inotify instances of its user', async () => {
  const { invoke } = openPython(`
import ctypes
libc = ctypes.CDLL(None)
def handler(event, context):
    global kept
    kept = [libc.inotify_init1(0) for _ in range(200)]
    return len([descriptor for descriptor in kept if descriptor >= 0])
`)
  expect(json(await invoke())).toBe(4)
  expect(() => watch(tmpdir()).close()).not.toThrow()
})

describe.each(CONFINEMENTS)('processes and threads, %s', (confinement) => {
  test('no memory hides behind many processes', async () => {
    const { invoke, lines } = openPython(
      `
import os, time
def handler(event, context):
    if os.fork() == 0:
        for i in range(260):
            if os.fork() == 0: os.execv('/bin/sleep', ['sleep', '20'])
        time.sleep(20)
    time.sleep(20)
`,
      { confinement, memoryMb: 3000 },
    )
    expect(await invoke()).toMatchObject({ ok: false, kind: 'exit' })
    expect(lines.join()).toContain('The function has more than 256 processes; its environment was ended.')
  })

  test('a thousand threads of each function leave this process its time', async () => {
    const opened = Array.from({ length: 4 }, () =>
      openPython(
        `
import threading, time
def handler(event, context):
    threading.stack_size(65536)
    for i in range(1000): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    print('started')
    time.sleep(4)
`,
        { confinement, memoryMb: 1000 },
      ),
    )
    const outcomes = opened.map(({ invoke }) => invoke())
    await expect
      .poll(() => opened.every(({ lines }) => lines.includes('started')), { timeout: 10_000 })
      .toBe(true)
    const before = process.cpuUsage()
    await pause(3000)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 3e6).toBeLessThan(0.15)
    expect((await Promise.all(outcomes)).every(({ ok }) => ok)).toBe(true)
  })

  test('and more threads than can be watched do not start, or end the environment', async () => {
    const { invoke, lines } = openPython(
      `
import threading, time
def handler(event, context):
    threading.stack_size(65536)
    for i in range(2500): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()
    time.sleep(9)
`,
      { confinement, memoryMb: 3000 },
    )
    expect((await invoke()).ok).toBe(false)
    expect(lines.join()).toMatch(/can't start new thread|The function has more than 2048 threads/)
  })
})

test("strangers at a runtime's port do not keep it from starting", async () => {
  const stranger = openPython(
    `
import socket, threading, time
def ports():
    entries = [line.split() for line in open('/proc/net/tcp').read().splitlines()[1:]]
    found = {int(entry[1].split(':')[1], 16) for entry in entries if entry[3] == '0A' and entry[1].startswith('0100007F')}
    return [port for port in found if port > 32000]
def handler(seconds, context):
    end, count = time.time() + seconds, 0
    def flood():
        nonlocal count
        while time.time() < end:
            for port in ports():
                sockets = []
                for i in range(20):
                    try:
                        one = socket.socket(); one.setblocking(False); one.connect_ex(('127.0.0.1', port)); sockets.append(one); count += 1
                    except Exception: pass
                time.sleep(0.002)
                for one in sockets: one.close()
    threads = [threading.Thread(target=flood) for _ in range(4)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return count
`,
    { memoryMb: 512, timeoutMs: 60_000 },
  )
  const flood = stranger.invoke(8)
  await pause(1500)
  const echo = `sub serve { my ($id, $event) = @_; call('POST', "/invocation/$id/response", $event) }`
  for (let i = 0; i < 5; i++) {
    const python = openPython('def handler(event, context): return event')
    const provided = openProvided(echo)
    for (const { invoke, environment } of [python, provided]) {
      expect(json(await invoke(i))).toBe(i)
      await environment.stop()
    }
  }
  expect(json(await flood)).toBeGreaterThan(1000)
})
