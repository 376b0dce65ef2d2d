/** Weir's own operations on functions, as a model of the kind that AWS's are. */
import type { Model } from '@weir/aws'

/** Bytes of a function's code, in UTF-8. It is kept as one record of the control log, whose topic takes records of 1 MiB. */
export const MOST_CODE = 512 << 10

export const deployModel: Model = {
  service: 'lambda',
  apiVersion: '1',
  operations: {
    DeployFunction: { input: 'DeployFunctionRequest', output: 'DeployFunctionResponse', http: { method: 'PUT', uri: '/v1/functions/{name}' } },
    RemoveFunction: { input: 'FunctionRequest', http: { method: 'DELETE', uri: '/v1/functions/{name}', status: 204 } },
    GetFunctionLogs: { input: 'FunctionRequest', output: 'LogsResponse', http: { method: 'GET', uri: '/v1/functions/{name}/logs' } },
  },
  errors: {},
  shapes: {
    FunctionRequest: { type: 'structure', members: { name: 'Name' }, required: ['name'], locations: { name: { location: 'uri', name: 'name' } } },
    DeployFunctionRequest: {
      type: 'structure', required: ['name', 'code'], locations: { name: { location: 'uri', name: 'name' } },
      members: {
        name: 'Name', file: 'File', code: 'Code', handler: 'Handler', memoryMb: 'MemoryMb', timeoutSeconds: 'TimeoutSeconds', concurrency: 'Concurrency',
        environment: 'Environment',
      },
    },
    DeployFunctionResponse: { type: 'structure', members: { name: 'Name', version: 'Text', replaced: 'Flag' } },
    LogsResponse: { type: 'structure', members: { lines: 'Lines' }, payload: 'lines' },
    Name: { type: 'string', pattern: '[a-zA-Z0-9_-]+', min: 1, max: 64 },
    File: { type: 'string', pattern: '[a-zA-Z0-9_-]+\\.(mjs|cjs|js|mts|cts|ts)', min: 1, max: 64 },
    Code: { type: 'string', min: 1, max: MOST_CODE },
    Handler: { type: 'string', pattern: '[a-zA-Z0-9_-]+\\.[a-zA-Z0-9_$]+', min: 1, max: 128 },
    MemoryMb: { type: 'integer', min: 128, max: 10_240 },
    TimeoutSeconds: { type: 'integer', min: 1, max: 900 },
    Concurrency: { type: 'integer', min: 1, max: 1000 },
    Environment: { type: 'map', key: 'VariableName', value: 'VariableValue' },
    VariableName: { type: 'string', pattern: '[a-zA-Z][a-zA-Z0-9_]+', min: 1, max: 256 },
    VariableValue: { type: 'string', max: 4096 },
    Text: { type: 'string' },
    Flag: { type: 'boolean' },
    Lines: { type: 'blob' },
  },
}
