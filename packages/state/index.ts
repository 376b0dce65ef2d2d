/** States of keys that belong to partitions, and change in their transactions. */
export { type StateRoutesOptions, stateRoutes } from './api/routes.ts'
export { type Erasure, type NamedState, States, type StatesOptions } from './api/states.ts'
export { Memory, type StateConfig, stateConfig } from './config.ts'
export { type Keyed, KeyedState, KeyTooLong, TooManyKeys } from './keyed-state.ts'
export { type KeyedWork, keyedTask } from './keyed-task.ts'
export { openStateStore, type StateStore, type StateStoreOptions } from './state-store.ts'
export { NO_TIMERS, type TimerKind, type Timers } from './timers.ts'
