/** What a function can take from the machine and from its neighbours, whatever it tries. */
import { watch } from 'node:fs'
import { tmpdir } from 'node:os'
import { expect, test } from 'vitest'
import { json, openPython } from '../testing/environments.ts'
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
