/**
 * Service models as models/generate.ts makes them of AWS's own: what the operations take and give, and how it
 * is bounded.
 */

export interface Model {
  /** The name under which requests are signed and actions are named: kinesis. */
  readonly service: string
  /** As in AWS's model: 2013-12-02. */
  readonly apiVersion: string
  /** What X-Amz-Target begins with; undefined for services with paths instead. */
  readonly targetPrefix?: string
  readonly operations: Readonly<Record<string, Operation>>
  /** By the error's name. */
  readonly errors: Readonly<Record<string, ErrorModel>>
  readonly shapes: Readonly<Record<string, Shape>>
}

/** Names of shapes; undefined where nothing is taken or given. */
export interface Operation {
  readonly input?: string
  readonly output?: string
  /** Where it is not POST /. */
  readonly http?: { readonly method: string; readonly uri: string; readonly status?: number }
}

export interface ErrorModel {
  /** HTTP. */
  readonly status: number
  /** The service's, not the client's. */
  readonly fault?: boolean
}

/** Its values are not for errors to repeat. */
interface Sensitive {
  readonly sensitive?: boolean
}

export type Shape = StructureShape | ListShape | MapShape | StringShape | NumberShape | BlobShape | PlainShape

export interface StructureShape extends Sensitive {
  readonly type: 'structure'
  /** Shapes' names by members' names, in AWS's order. */
  readonly members: Readonly<Record<string, string>>
  readonly required?: readonly string[]
  /** Members that are needed where another one is not given: the service says so, its model does not. */
  readonly requiredUnless?: Readonly<Record<string, string>>
  /** Its members are the events, of which a message has one. */
  readonly eventstream?: boolean
  /**
   * Where members travel that are not in the body (uri, querystring, header, headers, statusCode), and under
   * which name.
   */
  readonly locations?: Readonly<Record<string, { readonly location: string; readonly name?: string }>>
  /** The member that is the body. */
  readonly payload?: string
}

export interface ListShape extends Sensitive {
  readonly type: 'list'
  readonly member: string
  readonly min?: number
  readonly max?: number
}

export interface MapShape extends Sensitive {
  readonly type: 'map'
  readonly key: string
  readonly value: string
  readonly min?: number
  readonly max?: number
}

export interface StringShape extends Sensitive {
  readonly type: 'string'
  /** UTF-16 units. */
  readonly min?: number
  readonly max?: number
  /** Fits the whole text. */
  readonly pattern?: string
  readonly enum?: readonly string[]
}

export interface NumberShape extends Sensitive {
  readonly type: 'integer' | 'long' | 'float' | 'double'
  readonly min?: number
  readonly max?: number
}

export interface BlobShape extends Sensitive {
  readonly type: 'blob'
  /** Messages do not show its values. */
  readonly sensitive?: boolean
  /** Bytes. */
  readonly min?: number
  readonly max?: number
}

export interface PlainShape extends Sensitive {
  readonly type: 'boolean' | 'timestamp'
}

/** Throws for a name that the model has not: a mistake of the program. */
export function shapeOf(model: Model, name: string): Shape {
  if (!Object.hasOwn(model.shapes, name))
    throw new Error(`The model of ${model.service} has no shape ${name}.`)
  return model.shapes[name]
}
