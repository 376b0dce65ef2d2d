export { openControlLog } from './control-log.ts'
export type { Change, ControlEntry, ControlLog, ControlOptions } from './control-log.ts'
