/** What a function can take from the machine and from its neighbours, whatever it tries. */
import { watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { json, openProvided, openPython } from '../testing/environments.ts'
import { confinement } from './confine.ts'

const inNamespaces = test.runIf(confinement() === 'namespaces')

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
