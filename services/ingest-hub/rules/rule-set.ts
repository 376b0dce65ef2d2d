/** All rules and destinations, as this replica knows them, and changes of them. */
import type { Codec } from '@weir/codec'
import { type Change, type ControlEntry, openControlLog } from '@weir/control'
import { FilterTree } from '@weir/iot-sql'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { ActionDeps } from './actions/kind.ts'
import { type CompiledRule, compileRule } from './compiled-rule.ts'
import { checks, type Destination, type Entries, type StoredRule } from './entries.ts'

const TOPIC = 'weir.control.rules'
/** The topics whose rules are remembered. Devices publish to the same topics again and again. */
const MAX_REMEMBERED = 10_000
const MAX_REMEMBERED_LENGTH = 256

export interface RuleSet {
  readonly rules: ReadonlyMap<string, StoredRule>
  readonly destinations: ReadonlyMap<string, Destination>
  /** The enabled rules whose topic filter matches. */
  matching(topic: string): readonly CompiledRule[]
  /** The rule of that name, if it can run, whether it is enabled or not. */
  compiled(name: string): CompiledRule | undefined
  /**
   * Changes what `decide` returns, with no other decision in between. `decide` may run several times; its
   * errors are thrown here.
   */
  change(decide: () => readonly RuleChange[]): Promise<void>
  /** Resolves when everything that was decided before the call is known here. */
  catchUp(): Promise<void>
  ready(): boolean
}

/** A new state of a rule or a destination; undefined removes it. */
export type RuleChange = {
  readonly [K in keyof Entries]: {
    readonly kind: K
    readonly id: string
    readonly value: Entries[K] | undefined
  }
}[keyof Entries]

export interface RuleSetOptions extends ActionDeps {
  readonly kafka: Kafka
  readonly codec: Codec
  readonly log: Logger
}

export async function openRuleSet(options: RuleSetOptions): Promise<Resource<RuleSet>> {
  const { kafka, codec, log } = options
  const rules = new Map<string, StoredRule>()
  const compiled = new Map<string, CompiledRule>()
  const destinations = new Map<string, Destination>()
  const byFilter = new FilterTree<CompiledRule>('aws')
  const remembered = new Map<string, readonly CompiledRule[]>()

  const forget = (name: string): void => {
    const before = compiled.get(name)
    rules.delete(name)
    compiled.delete(name)
    if (before?.rule.filter !== undefined) byFilter.remove(before.rule.filter, before)
    remembered.clear()
  }

  /** A rule that an earlier version of Weir accepted and this one does not is shown, and does not run. */
  const add = (stored: StoredRule): void => {
    rules.set(stored.name, stored)
    try {
      const ready = compileRule(stored, options)
      compiled.set(stored.name, ready)
      if (!stored.disabled && ready.rule.filter !== undefined) byFilter.add(ready.rule.filter, ready)
    } catch (error) {
      log.warn({ rule: stored.name, error: (error as Error).message }, 'a rule cannot run')
    }
  }

  const apply = ({ kind, id, state }: ControlEntry): void => {
    if (kind === 'rule') {
      forget(id)
      if (state !== undefined) add(state as StoredRule)
    } else if (state === undefined) destinations.delete(id)
    else destinations.set(id, state as Destination)
  }

  const control = await openControlLog({ kafka, codec, topic: TOPIC, checks, apply, log })
  return {
    value: {
      rules,
      destinations,
      matching(topic) {
        let found = remembered.get(topic)
        if (found !== undefined) return found
        found = byFilter.match(topic)
        if (topic.length > MAX_REMEMBERED_LENGTH) return found
        if (remembered.size === MAX_REMEMBERED) remembered.clear()
        remembered.set(topic, found)
        return found
      },
      compiled: (name) => compiled.get(name),
      change: (decide) => control.write(decide as () => readonly Change[]),
      catchUp: () => control.catchUp(),
      ready: () => control.ready(),
    },
    stop: () => control.stop(),
  }
}
