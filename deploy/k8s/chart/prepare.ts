/** Builds the tools that check the chart, if they are not there yet: a few minutes. */
import { chartTools } from './helm.ts'

await chartTools()
