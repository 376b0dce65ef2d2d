import type { ValueOf } from '@weir/contracts'
import { drop, step } from '@weir/flow'

type Value = ValueOf['example-thing.received']

const unwanted = drop('unwanted')

/** Selects the records that the flow keeps. */
const isWanted = (_value: Value): boolean => true

/** Drops records that nobody wants; `dead(code, message)` and `route(topic)` are the other ways out of a flow. */
export const exampleStep = step('example-step', (value: Value) => (isWanted(value) ? value : unwanted))
