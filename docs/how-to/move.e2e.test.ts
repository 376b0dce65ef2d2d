/** Pages for those who come from AWS, and bring what they have. */
import { followPages } from './testing/follow.ts'

await followPages('move')
