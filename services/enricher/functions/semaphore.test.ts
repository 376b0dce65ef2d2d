import { expect, test } from 'vitest'
import { Semaphore } from './semaphore.ts'

const never = new AbortController().signal
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('a semaphore admits as many callers as permits, and then one for each release, in order', async () => {
  const semaphore = new Semaphore(2)
  const begun: number[] = []
  for (let i = 0; i < 5; i++) void semaphore.acquire(never).then(() => begun.push(i))
  await turn()
  expect(begun).toEqual([0, 1])
  semaphore.release()
  await turn()
  expect(begun).toEqual([0, 1, 2])
  for (let i = 0; i < 4; i++) semaphore.release()
  await turn()
  expect(begun).toEqual([0, 1, 2, 3, 4])
  await Promise.all([semaphore.acquire(never), semaphore.acquire(never)])
})

test('a caller that gives up waiting is skipped', async () => {
  const semaphore = new Semaphore(1)
  await semaphore.acquire(never)
  const leaving = new AbortController()
  const left = semaphore.acquire(leaving.signal)
  const next = semaphore.acquire(never)
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  await expect(semaphore.acquire(leaving.signal)).rejects.toThrow('gone')
  semaphore.release()
  await next
})

test('without a bound no caller waits', async () => {
  const semaphore = new Semaphore(Infinity)
  await Promise.all(Array.from({ length: 1000 }, () => semaphore.acquire(never)))
})
