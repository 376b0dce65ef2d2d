/**
 * Reads the settings of a function from a request. Some have no effect and are only noted; others are refused
 * with a sentence.
 */
import type { FunctionVersion } from '../entries.ts'
import { ARCHITECTURE, isDeprecated, kindOf, NOTED_DEFAULTS, runtimesOf } from '../lambda-runtimes.ts'
import type { RuntimeKind } from '../runtime/options.ts'
import { invalidParameter } from './names.ts'

/** The members that CreateFunction and UpdateFunctionConfiguration share. */
export interface SettingsInput {
  readonly Role?: string
  readonly Handler?: string
  readonly Description?: string
  readonly Timeout?: number
  readonly MemorySize?: number
  readonly Runtime?: string
  readonly Environment?: { readonly Variables?: Readonly<Record<string, string>> }
  readonly TracingConfig?: { readonly Mode?: string }
  readonly LoggingConfig?: {
    readonly LogFormat?: string
    readonly ApplicationLogLevel?: string
    readonly SystemLogLevel?: string
    readonly LogGroup?: string
  }
  readonly EphemeralStorage?: { readonly Size: number }
  readonly Architectures?: readonly string[]
  readonly VpcConfig?: {
    readonly SubnetIds?: readonly string[]
    readonly SecurityGroupIds?: readonly string[]
  }
  readonly DeadLetterConfig?: { readonly TargetArn?: string }
  readonly KMSKeyArn?: string
  readonly Layers?: readonly string[]
  readonly FileSystemConfigs?: readonly object[]
  readonly SnapStart?: { readonly ApplyOn?: string }
  readonly [other: string]: unknown
}

/** The settings of a version: everything but its name and its code. */
export type Settings = Pick<
  FunctionVersion,
  'runtime' | 'handler' | 'description' | 'role' | 'memoryMb' | 'timeoutMs' | 'environment' | 'noted'
>

/** Lambda's defaults (API reference, CreateFunction). */
const DEFAULTS: Settings = {
  runtime: '',
  handler: '',
  description: '',
  role: '',
  memoryMb: 128,
  timeoutMs: 3000,
  environment: {},
  noted: NOTED_DEFAULTS,
}
/** Bytes of the variables as JSON (Lambda quotas, "Environment variables"). */
const MAX_ENVIRONMENT_BYTES = 4096
/**
 * Variables that Lambda sets itself. AWS also reserves the credentials; here a function brings its own,
 * because it has no role.
 */
const RESERVED = new Set([
  '_HANDLER',
  '_X_AMZN_TRACE_ID',
  'AWS_DEFAULT_REGION',
  'AWS_REGION',
  'AWS_EXECUTION_ENV',
  'AWS_LAMBDA_FUNCTION_NAME',
  'AWS_LAMBDA_FUNCTION_MEMORY_SIZE',
  'AWS_LAMBDA_FUNCTION_VERSION',
  'AWS_LAMBDA_INITIALIZATION_TYPE',
  'AWS_LAMBDA_LOG_GROUP_NAME',
  'AWS_LAMBDA_LOG_STREAM_NAME',
  'AWS_LAMBDA_RUNTIME_API',
  'LAMBDA_TASK_ROOT',
  'LAMBDA_RUNTIME_DIR',
])

/** Settings that are not supported, with the remedy. An empty one is accepted. */
const REFUSED: Readonly<Record<string, string>> = {
  ImageConfig: 'Container images are not run here; give the code as a zip archive and leave ImageConfig out.',
  KMSKeyArn: 'Environment variables are not encrypted here; leave KMSKeyArn out.',
  Layers: 'Layers are not served here; put their content into the archive and leave Layers out.',
  FileSystemConfigs: 'File systems are not mounted here; leave FileSystemConfigs out.',
  CodeSigningConfigArn: 'Code signing is not served here; leave CodeSigningConfigArn out.',
  TenancyConfig: 'Functions are not isolated by tenant here; leave TenancyConfig out.',
  CapacityProviderConfig: 'Capacity providers are not served here; leave CapacityProviderConfig out.',
  DurableConfig: 'Durable executions are not served here; leave DurableConfig out.',
  RuntimeConfig: 'RuntimeConfig is not served here; leave it out.',
  AcceleratorConfig: 'Accelerators are not served here; leave AcceleratorConfig out.',
  PublishTo: 'Versions are published under their numbers here; leave PublishTo out.',
}

/** Applies the input to the previous settings. */
export function settingsOf(
  input: SettingsInput,
  runtimes: ReadonlySet<RuntimeKind>,
  before: Settings = DEFAULTS,
): Settings {
  refuse(input)
  const { Environment, TracingConfig, LoggingConfig, EphemeralStorage, Architectures } = input
  const settings: Settings = {
    runtime: input.Runtime ?? before.runtime,
    handler: input.Handler ?? before.handler,
    description: input.Description ?? before.description,
    role: input.Role ?? before.role,
    memoryMb: input.MemorySize ?? before.memoryMb,
    timeoutMs: input.Timeout === undefined ? before.timeoutMs : input.Timeout * 1000,
    environment: Environment === undefined ? before.environment : { ...Environment.Variables },
    noted: {
      architecture: Architectures?.[0] ?? before.noted.architecture,
      tracing: TracingConfig?.Mode ?? before.noted.tracing,
      ephemeralMb: EphemeralStorage?.Size ?? before.noted.ephemeralMb,
      logging: { ...before.noted.logging, ...LoggingConfig },
    },
  }
  if (settings.runtime === '' || settings.handler === '') {
    throw invalidParameter(
      'Runtime and Handler are mandatory parameters for functions created with deployment packages.',
    )
  }
  if (input.Runtime !== undefined) checkRuntime(input.Runtime, runtimes)
  if (kindOf(settings.runtime) === 'provided' && settings.noted.architecture !== ARCHITECTURE) {
    throw invalidParameter(
      `Code in the archive runs on this machine's processor; build it for ${ARCHITECTURE} and give Architectures ${ARCHITECTURE}.`,
    )
  }
  if (Environment !== undefined) checkEnvironment(settings.environment)
  return settings
}

function refuse(input: SettingsInput): void {
  for (const [name, sentence] of Object.entries(REFUSED))
    if (!isEmpty(input[name])) throw invalidParameter(sentence)
  const { VpcConfig, DeadLetterConfig, SnapStart } = input
  if (!isEmpty(VpcConfig?.SubnetIds) || !isEmpty(VpcConfig?.SecurityGroupIds)) {
    throw invalidParameter('Functions share the network of the enricher; leave VpcConfig out.')
  }
  if (!isEmpty(DeadLetterConfig?.TargetArn)) {
    throw invalidParameter(
      'Dead-letter queues are not served here; name an OnFailure destination with PutFunctionEventInvokeConfig and leave DeadLetterConfig out.',
    )
  }
  if ((SnapStart?.ApplyOn ?? 'None') !== 'None')
    throw invalidParameter('SnapStart is not served here; leave it out.')
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined ||
    value === '' ||
    (typeof value === 'object' && Object.keys(value as object).length === 0)
  )
}

function checkRuntime(runtime: string, runtimes: ReadonlySet<RuntimeKind>): void {
  const kind = kindOf(runtime)
  if (kind !== undefined && runtimes.has(kind)) return
  if (kind === undefined && isDeprecated(runtime)) {
    throw invalidParameter(
      `The runtime parameter of ${runtime} is no longer supported for creating or updating AWS Lambda functions. ` +
        'We recommend you use a supported runtime while creating or updating functions.',
    )
  }
  const sentence =
    kind === undefined
      ? 'Node.js is supported here; Python and custom runtimes are supported if the operator allows them.'
      : `The operator of this service does not allow ${kind === 'python' ? 'Python' : 'custom runtimes'}.`
  throw invalidParameter(
    `Value ${runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [${runtimesOf(runtimes).join(', ')}] ` +
      `or be a valid ARN. ${sentence}`,
  )
}

function checkEnvironment(variables: Readonly<Record<string, string>>): void {
  const failed =
    'Lambda was unable to configure your environment variables because the environment variables you have provided'
  const reserved = Object.keys(variables).filter((name) => RESERVED.has(name))
  if (reserved.length > 0) {
    throw invalidParameter(
      `${failed} contains reserved keys that are currently not supported for modification. ` +
        `Reserved keys used in this request: ${reserved.join(', ')}`,
    )
  }
  const bytes = Buffer.byteLength(JSON.stringify(variables))
  if (bytes > MAX_ENVIRONMENT_BYTES)
    throw invalidParameter(`${failed} exceeded the 4KB limit. They have ${bytes} bytes as JSON.`)
}
