import { expect, test } from 'vitest'
import { Service, StartError, StopError } from './index.ts'

const LIMITS = { startMs: 2000, drainMs: 1000 }

function recorder() {
  const events: string[] = []
  const part = <T>(value: T, name = String(value)) => {
    events.push(`open ${name}`)
    return {
      value,
      stop: () => {
        events.push(`stop ${name}`)
      },
    }
  }
  return { events, part }
}

test('every opener gets the values of the parts before it', async () => {
  const { part } = recorder()
  const { values, stop } = await Service.named('s')
    .with('one', () => part(1))
    .with('text', async ({ one }) => part(`${one + 1}`))
    .with('both', ({ one, text }) => part([one, text] as const))
    .open(LIMITS)
  expect(values).toEqual({ one: 1, text: '2', both: [1, '2'] })
  const typed: readonly [number, string] = values.both
  expect(typed).toBe(values.both)
  await stop()
})

test('parts are stopped in reverse order, once, even if a part fails to stop', async () => {
  const { events, part } = recorder()
  const { stop } = await Service.named('s')
    .with('a', () => part('a'))
    .with('b', () => ({
      value: 0,
      stop: () => {
        throw new Error('stuck')
      },
    }))
    .with('c', () => ({
      ...part('c'),
      stopping: () => {
        events.push('c not ready')
      },
    }))
    .open(LIMITS)
  await expect(stop()).rejects.toThrow(new StopError('s did not stop cleanly: b: stuck'))
  await expect(stop()).rejects.toThrow(StopError)
  expect(events).toEqual(['open a', 'open c', 'c not ready', 'stop c', 'stop a'])
})

test('the parts that have started are stopped in reverse order when another one fails to start', async () => {
  const { events, part } = recorder()
  const opening = Service.named('s')
    .with('a', () => part('a'))
    .with('b', () => part('b'))
    .with('c', () => {
      throw new Error('no')
    })
    .open(LIMITS)
  await expect(opening).rejects.toThrow(new StartError('s could not start: c: no'))
  expect(events).toEqual(['open a', 'open b', 'stop b', 'stop a'])
})

test('a part waits at the start for a topic that does not exist yet', async () => {
  let attempts = 0
  const { values } = await Service.named('s')
    .with('early', () => {
      if (++attempts < 2)
        throw Object.assign(new Error('no topic'), { retriable: false, code: 'unknown-topic' })
      return { value: attempts, stop: () => {} }
    })
    .open(LIMITS)
  expect(values.early).toBe(2)
  await expect(
    Service.named('s')
      .with('never', () => {
        throw Object.assign(new Error('no'), { retriable: false, code: 'tls' })
      })
      .open(LIMITS),
  ).rejects.toThrow('never: no')
})

test('a part is opened again as long as its error is retriable', async () => {
  let attempts = 0
  const { values } = await Service.named('s')
    .with('late', () => {
      if (++attempts < 3) throw Object.assign(new Error('not yet'), { retriable: true })
      return { value: attempts, stop: () => {} }
    })
    .open(LIMITS)
  expect(values.late).toBe(3)
  const never = Service.named('s')
    .with('never', () => {
      throw Object.assign(new Error('not yet'), { retriable: true })
    })
    .open({ ...LIMITS, startMs: 300 })
  await expect(never).rejects.toThrow('s could not start: never: not yet')
})
