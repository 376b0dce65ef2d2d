/** The taxi flow alone, as a process to measure. ONCE=false leaves out its first step. */

import { openCodec } from '@weir/codec'
import { readConfig } from '@weir/config'
import { openFlows } from '@weir/enricher/flows/flows.ts'
import { openReference } from '@weir/enricher/reference/reference.ts'
import { newRowViews } from '@weir/enricher/rows.ts'
import { step } from '@weir/flow'
import { kafkaConfig, openKafka } from '@weir/kafka'
import { logger } from '@weir/service'
import { topics } from '@weir/solutions'
import { solution as taxiTelemetry } from '@weir/solutions/taxi-telemetry/solution.ts'
import { stateConfig } from '@weir/state'

const log = logger('taxi-flow')
const { value: kafka } = await openKafka(readConfig(process.env, kafkaConfig), log)
const { value: codec } = await openCodec({ topics, url: process.env.REGISTRY_URL! }, log)
const redisUrl = process.env.REDIS_URL!
const reference = await openReference({ kafka, codec, redisUrl, solutions: [taxiTelemetry], log })
const [taxi] = taxiTelemetry.flows
const every = step('every', (index: number) => index)
const withoutOnce: typeof taxi.build = (deps) => taxi.build({ ...deps, once: () => every })
const definition = process.env.ONCE === 'false' ? { ...taxi, build: withoutOnce } : taxi
const state = readConfig(process.env, stateConfig)
const { value: rows } = newRowViews({ kafka, codec, log })
const flows = await openFlows([definition], { kafka, codec, table: reference.value.table, rows, state, log })
process.once('SIGTERM', () => void flows.stop(5000).then(() => process.exit()))
