/** Pages that begin with `weir new`. */
import { followPages } from './testing/follow.ts'

await followPages('new')
