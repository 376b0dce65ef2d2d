import { type PublishedFlow, type Source, step } from '@weir/flow'
import type { FlowDefinition, FlowDeps } from './solution.ts'

/** Builds a flow without records and tables, to ask it for its output, its steps and its windows. */
export function shapeOf(definition: FlowDefinition): Omit<PublishedFlow<number, any, Source>, 'run'> {
  const nothing: FlowDeps = {
    once: () => step('once', (index: number) => index),
    decode: step('decode', () => undefined),
    now: Date.now,
    table: () => ({ version: 0, entries: new Map() }),
    rows: () => new Map(),
  }
  return definition.build(nothing)
}
