/** The environment variables of a function: its own, and those that Lambda's runtime sets. */
import { randomBytes } from 'node:crypto'
import type { EnvironmentOptions } from './options.ts'

/** Lambda's variables override the function's own, except for TZ, which defaults to UTC. */
export function runtimeVariables(options: EnvironmentOptions): Record<string, string> {
  const region = options.functionArn.split(':')[3] || 'us-east-1'
  return {
    TZ: 'UTC',
    ...options.environment,
    ...executionEnvironment(options),
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_LAMBDA_FUNCTION_NAME: options.functionName,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(options.memoryMb),
    AWS_LAMBDA_FUNCTION_VERSION: options.version,
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${options.functionName}`,
    AWS_LAMBDA_LOG_STREAM_NAME: `${new Date().toISOString().slice(0, 10).replaceAll('-', '/')}/[${options.version}]${randomBytes(16).toString('hex')}`,
    AWS_REGION: region,
    LAMBDA_TASK_ROOT: options.directory,
    _HANDLER: options.handler,
  }
}

/**
 * From it, libraries tell that they run in Lambda, and where. It is not set for runtimes that a function
 * brings.
 */
function executionEnvironment({ runtime = 'nodejs', python }: EnvironmentOptions): Record<string, string> {
  const [major] = process.versions.node.split('.')
  if (runtime === 'nodejs') return { AWS_EXECUTION_ENV: `AWS_Lambda_nodejs${major}.x` }
  return python === undefined ? {} : { AWS_EXECUTION_ENV: `AWS_Lambda_python${python.version}` }
}
