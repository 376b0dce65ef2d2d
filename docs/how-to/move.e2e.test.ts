/** Pages for those who come from AWS. */
import { followPages } from './testing/follow.ts'

await followPages('move')
