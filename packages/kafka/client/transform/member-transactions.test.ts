import { expect, test, vi } from 'vitest'
import type { GroupContext } from '../consume/subscription.ts'
import type { TopicPartition } from '../protocol/wire.ts'
import { MemberTransactions } from './member-transactions.ts'
import type { Transactor } from './transactor.ts'

const context = (): GroupContext =>
  ({
    cluster: { onDisconnect: () => {}, offDisconnect: () => {}, log: { warn: () => {} } },
    membership: () => ({ owns: () => true }),
    stopping: new AbortController().signal,
    options: { groupId: 'g' },
  }) as unknown as GroupContext

/** An id with an output in which a transaction may be open. Records when it is looked at; the look ends with `until`. */
function transactor(partition: number, looks: number[], until: Promise<void>) {
  const outputs = new Map([['out/0', { topic: 'out', partition: 0 }]])
  return {
    transactionalId: `g/in/${partition}`,
    get outputs(): TopicPartition[] {
      return [...outputs.values()]
    },
    async open() {
      looks.push(partition)
      await until
      return []
    },
    ended: () => outputs.clear(),
    begin: async () => {},
  } as unknown as Transactor
}

test('a partition that comes while lost ends are looked for is looked at as well', async () => {
  const transactions = new MemberTransactions(context())
  const looks: number[] = []
  const first = Promise.withResolvers<void>()
  const at = (partition: number): TopicPartition => ({ topic: 'in', partition })
  transactions.add(at(0), [transactor(0, looks, first.promise)])
  await vi.waitFor(() => expect(looks).toEqual([0]), { timeout: 5000 })
  // A partition is given up, which replaces the list of holders, and another one comes.
  await transactions.release([])
  const [later] = [transactor(1, looks, Promise.resolve())]
  transactions.add(at(1), [later])
  first.resolve()
  await vi.waitFor(() => expect(looks).toEqual([0, 1]), { timeout: 5000 })
  await vi.waitFor(() => expect(later.outputs).toEqual([]), { timeout: 5000 })
})
