/**
 * Functions and their mappings, with the control log that keeps those deployed or created through the API.
 */
import type { Account } from '@weir/aws'
import type { Codec } from '@weir/codec'
import { type Change, openControlLog } from '@weir/control'
import type { Kafka } from '@weir/kafka'
import type { Logger, Resource } from '@weir/service'
import type { Streams } from '@weir/streams'
import {
  type AsyncInvocations,
  type AsyncInvocationsOptions,
  openAsyncInvocations,
} from './async/async-invocations.ts'
import { type Catalogue, openCatalogue } from './catalogue.ts'
import { type Archives, openArchives } from './code/archives.ts'
import { openCodeStore } from './code/code-store.ts'
import { openCodeTopic } from './code/code-topic.ts'
import { ControlState } from './control-state.ts'
import { checks } from './entry-checks.ts'
import { type Functions, openFunctions } from './functions.ts'
import type { Mapping } from './mappings/mapping.ts'
import { type Mappings, openMappings } from './mappings/mappings.ts'
import { openWindowStates } from './mappings/windows/window-states.ts'
import type { Runtimes } from './runtime/runtimes.ts'
import type { FunctionDefinition } from './solutions.ts'

const TOPIC = 'weir.control.functions'

export interface FunctionService {
  readonly functions: Functions
  readonly catalogue: Catalogue
  readonly archives: Archives
  readonly mappings: Mappings
  readonly asyncInvocations: AsyncInvocations
  /**
   * Changes functions, as the only replica that does so at the time. `decide` derives the changes from the
   * current catalogue; an error that it throws is thrown here.
   */
  changeFunctions(decide: () => readonly Change[]): Promise<void>
  /** Changes a mapping in the same way; if `decide` returns undefined, the mapping is removed. */
  changeMapping(id: string, decide: (current: Mapping | undefined) => Mapping | undefined): Promise<void>
  /** Resolves when this replica knows all changes that other replicas made before the call. */
  catchUp(): Promise<void>
  /** False while this replica cannot follow what is deployed and created elsewhere. */
  ready(): boolean
}

export interface FunctionServiceOptions {
  readonly definitions: readonly FunctionDefinition[]
  readonly fixed: readonly Mapping[]
  /** The folder that caches the code of deployed functions. */
  readonly folder: string
  readonly account: Account
  readonly bootstrapServers: string
  readonly kafka: Kafka
  readonly codec: Codec
  readonly streams: Streams
  /** Defaults to Node.js only. */
  readonly runtimes?: Runtimes
  readonly asyncOptions?: Pick<AsyncInvocationsOptions, 'groupId' | 'retryMs'>
  /** How long an archive is kept after the last function that used it (ms). */
  readonly codeGraceMs?: number
  readonly log: Logger
}

export async function openFunctionService(
  options: FunctionServiceOptions,
): Promise<Resource<FunctionService>> {
  const { definitions, fixed, folder, account, bootstrapServers, kafka, codec, streams, runtimes, log } =
    options
  const catalogue = openCatalogue()
  const state = new ControlState(catalogue)
  const producer = await kafka.producer()
  const topic = await openCodeTopic({ kafka, codec, producer })
  const code = await openCodeStore(folder, topic, log)
  const control = await openControlLog({ kafka, codec, topic: TOPIC, checks, apply: state.apply, log })
  const functions = openFunctions({ definitions, catalogue, code, runtimes, account, log })
  const archives = openArchives({ catalogue, code, topic, control, graceMs: options.codeGraceMs, log })
  const windowStates = await openWindowStates({ kafka, codec, log })
  const mappings = openMappings({
    functions: functions.value,
    fixed,
    kafka,
    producer,
    codec,
    streams,
    account,
    bootstrapServers,
    roleOf: (name) => functions.value.find(name)?.latest.role,
    windowStates: windowStates.value,
    log,
  })
  state.follow(functions.value, mappings.value)
  const { asyncOptions } = options
  const hosted = { kafka, producer, codec, functions: functions.value, account, ...asyncOptions, log }
  const asyncInvocations = await openAsyncInvocations(hosted)

  return {
    value: {
      functions: functions.value,
      catalogue,
      archives: archives.value,
      mappings: mappings.value,
      asyncInvocations: asyncInvocations.value,
      ready: () => control.ready() && windowStates.value.ready(),
      changeFunctions: (decide) => control.write(decide),
      changeMapping: (id, decide) => control.write(() => state.mappingChanges(id, decide)),
      catchUp: control.catchUp,
    },
    stop: async (drainMs) => {
      await Promise.all([mappings, asyncInvocations, archives].map((one) => one.stop(drainMs)))
      await functions.stop(drainMs)
      await producer.stop(drainMs)
      await windowStates.stop(drainMs)
      await control.stop()
    },
  }
}
