import { expect, test } from 'vitest'
import { type Admitted, Lane } from './lane.ts'

const NOW = Date.now()

/** Enters the lane until it sends a delivery away. */
function fill(lane: Lane): { readonly admitted: Admitted[]; readonly away: number } {
  const admitted: Admitted[] = []
  for (;;) {
    const entered = lane.enter(NOW, undefined, true)
    if (typeof entered === 'number') return { admitted, away: entered }
    admitted.push(entered)
  }
}

/** Returns how many of the admitted may begin by now. */
async function begun(admitted: readonly Admitted[]): Promise<number> {
  let count = 0
  for (const { turn } of admitted) void turn.then((comeBackAt) => (comeBackAt === undefined ? count++ : 0))
  await new Promise(setImmediate)
  return count
}

test('a receiver that has not answered yet gets a few attempts at once, and the others wait', async () => {
  const { admitted, away } = fill(new Lane())
  // It is expected to answer within ten milliseconds: 8,000 take ten seconds.
  expect(admitted).toHaveLength(8 + 8000)
  expect(await begun(admitted)).toBe(8)
  expect(away).toBeGreaterThanOrEqual(NOW + 500)
})

test('a receiver that answers gets more attempts at once', async () => {
  const lane = new Lane()
  for (let i = 0; i < 100; i++) {
    const entered = lane.enter(NOW, undefined, true) as Admitted
    await entered.turn
    entered.ended(true, 5)
  }
  const { admitted } = fill(lane)
  expect(await begun(admitted)).toBe(64)
})

test('a receiver that fails gets one attempt at a time', async () => {
  const lane = new Lane()
  const { admitted } = fill(lane)
  await begun(admitted)
  for (const one of admitted.slice(0, 8)) one.ended(false, 100)
  expect(await begun(admitted.slice(8))).toBe(1)
})

test('deliveries that wait in memory for a receiver that hangs are sent away once that shows', async () => {
  const lane = new Lane()
  const { admitted } = fill(lane)
  await begun(admitted)
  for (const one of admitted.slice(0, 8)) one.ended(false, 15_000)
  let sentAway = 0
  for (const { turn } of admitted.slice(8))
    void turn.then((comeBackAt) => (sentAway += comeBackAt === undefined ? 0 : 1))
  await new Promise(setImmediate)
  expect(sentAway).toBe(admitted.length - 8)
})

test('deliveries that find no room come back one after the other, as fast as the receiver takes them', async () => {
  const lane = new Lane()
  const { admitted } = fill(lane)
  await begun(admitted)
  for (const one of admitted.slice(0, 8)) one.ended(true, 100)
  fill(lane)
  const back = Array.from({ length: 100 }, () => lane.enter(NOW, undefined, true) as number)
  expect(back).toEqual([...back].sort((a, b) => a - b))
  expect(back.at(-1)! - back[0]).toBeGreaterThan(100)
  expect(back.at(-1)! - NOW).toBeLessThanOrEqual(60_000)
})

test('throttled attempts begin at their slots; later slots are given as times to come back', async () => {
  const lane = new Lane()
  const slots = Array.from({ length: 10 }, () => lane.enter(NOW, 10, true))
  expect(slots.slice(0, 3).every((slot) => typeof slot !== 'number')).toBe(true)
  expect(slots.slice(3)).toEqual([300, 400, 500, 600, 700, 800, 900].map((ms) => NOW + ms))
})

test('without room in memory, only the attempts under way are admitted', () => {
  const lane = new Lane()
  const entered = Array.from({ length: 9 }, () => lane.enter(NOW, undefined, false))
  expect(entered.map((one) => typeof one)).toEqual([...Array(8).fill('object'), 'number'])
})

test('a lane without attempts can be forgotten', async () => {
  const lane = new Lane()
  expect(lane.isIdle).toBe(true)
  const entered = lane.enter(Date.now(), undefined, true) as Admitted
  await entered.turn
  expect(lane.isIdle).toBe(false)
  entered.ended(true, 1)
  expect(lane.isIdle).toBe(true)
})
