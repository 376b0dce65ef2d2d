/** Tables: the newest value of each key of a compacted topic, in memory and in Redis. */

export { connectRedis, runAll } from './redis.ts'
export { type Change, type Layout, RedisCopy } from './redis-copy.ts'
export { openRedisTable, type RedisTable, type RedisTableOptions } from './redis-table.ts'
export { materialise, openTable, type Table, type TableOptions, type View } from './table.ts'
export { Upkeep, type UpkeepOptions } from './upkeep.ts'
export { WholeMark } from './whole-mark.ts'
