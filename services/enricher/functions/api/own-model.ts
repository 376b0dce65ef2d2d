/** Weir's own operations on functions, as a model of the kind that AWS's are. */
import type { Model } from '@weir/aws'

export const ownModel: Model = {
  service: 'lambda',
  apiVersion: '1',
  protocol: 'rest-json',
  operations: {
    GetRuntimes: { output: 'RuntimesResponse', http: { method: 'GET', uri: '/v1/functions/runtimes' } },
    GetFunctionLogs: {
      input: 'FunctionRequest',
      output: 'LogsResponse',
      http: { method: 'GET', uri: '/v1/functions/{name}/logs' },
    },
    GetFunctionCode: {
      input: 'CodeRequest',
      http: { method: 'GET', uri: '/v1/functions/{name}/code/{archive}' },
    },
  },
  errors: {},
  shapes: {
    FunctionRequest: {
      type: 'structure',
      members: { name: 'Name' },
      required: ['name'],
      locations: { name: { location: 'uri', name: 'name' } },
    },
    CodeRequest: {
      type: 'structure',
      members: { name: 'Name', archive: 'Archive' },
      required: ['name', 'archive'],
      locations: { name: { location: 'uri', name: 'name' }, archive: { location: 'uri', name: 'archive' } },
    },
    RuntimesResponse: { type: 'structure', members: { Runtimes: 'Texts', Confinement: 'Text' } },
    LogsResponse: { type: 'structure', members: { lines: 'Lines' }, payload: 'lines' },
    Name: { type: 'string', pattern: '[a-zA-Z0-9_-]+', min: 1, max: 64 },
    Archive: { type: 'string', pattern: '[0-9a-f]{64}-[0-9a-f]{8}' },
    Lines: { type: 'blob' },
    Text: { type: 'string' },
    Texts: { type: 'list', member: 'Text' },
  },
}
