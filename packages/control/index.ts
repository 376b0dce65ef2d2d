export type { Change, CheckState, ControlEntry, ControlLog, ControlOptions } from './control-log.ts'
export { openControlLog } from './control-log.ts'
export type { Scope } from './group.ts'
