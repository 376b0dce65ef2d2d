/** Pages about parts that are written by hand. */
import { followPages } from './testing/follow.ts'

await followPages('add')
