import { expect, test } from 'vitest'
import { openPlaces } from './places.ts'

const never = new AbortController().signal
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

test('as many as there are places, then one for each that is given back, in order', async () => {
  const places = openPlaces(2)
  const begun: number[] = []
  for (let i = 0; i < 5; i++) void places.take(never).then(() => begun.push(i))
  await turn()
  expect(begun).toEqual([0, 1])
  places.giveBack()
  await turn()
  expect(begun).toEqual([0, 1, 2])
  for (let i = 0; i < 4; i++) places.giveBack()
  await turn()
  expect(begun).toEqual([0, 1, 2, 3, 4])
  await Promise.all([places.take(never), places.take(never)])
})

test('who no longer wants one is passed over', async () => {
  const places = openPlaces(1)
  await places.take(never)
  const leaving = new AbortController()
  const left = places.take(leaving.signal)
  const next = places.take(never)
  leaving.abort(new Error('gone'))
  await expect(left).rejects.toThrow('gone')
  await expect(places.take(leaving.signal)).rejects.toThrow('gone')
  places.giveBack()
  await next
})

test('without a bound nobody waits', async () => {
  const places = openPlaces(Infinity)
  await Promise.all(Array.from({ length: 1000 }, () => places.take(never)))
})
