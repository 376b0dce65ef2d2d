/** Builds what checks the chart, where it is not there yet: a few minutes. */
import { chartTools } from './helm.ts'

await chartTools()
