/**
 * Service models, which models/generate.ts derives from AWS's published ones: the inputs and outputs of
 * operations, their constraints, and their form in each protocol.
 */

export interface Model {
  /** The service in signatures and in the names of actions: kinesis. */
  readonly service: string
  /** As in AWS's model: 2013-12-02. */
  readonly apiVersion: string
  readonly protocol: 'json' | 'query' | 'rest-json'
  /** The beginning of X-Amz-Target. Only `json` has it. */
  readonly targetPrefix?: string
  /** The version in content types. Only `json` has it. */
  readonly jsonVersion?: '1.0' | '1.1'
  /** The namespace of the elements in answers. Only `query` has it. */
  readonly xmlNamespace?: string
  /** The first folders of the paths of all operations that AWS has, served or not. Only `rest-json` has it. */
  readonly folders?: readonly string[]
  readonly operations: Readonly<Record<string, OperationModel>>
  /** The errors, by name. */
  readonly errors: Readonly<Record<string, ErrorModel>>
  readonly shapes: Readonly<Record<string, Shape>>
}

/** The input and the output are names of shapes; undefined if the operation has none. */
export interface OperationModel {
  readonly input?: string
  readonly output?: string
  /** The element around the output. Only `query` has it. */
  readonly resultWrapper?: string
  /** Undefined for POST /. */
  readonly http?: { readonly method: string; readonly uri: string; readonly status?: number }
}

export interface ErrorModel {
  /** The HTTP status. */
  readonly status: number
  /** Whether it is the service's fault, not the client's. */
  readonly fault?: boolean
  /** The code in answers, if it differs from the error's name. Only `query` has it. */
  readonly code?: string
}

interface Sensitive {
  /** Whether error messages must not repeat its values. */
  readonly sensitive?: boolean
}

export type Shape = StructureShape | ListShape | MapShape | StringShape | NumberShape | BlobShape | PlainShape

export interface StructureShape extends Sensitive {
  readonly type: 'structure'
  /** The name of each member's shape, in AWS's order. */
  readonly members: Readonly<Record<string, string>>
  readonly required?: readonly string[]
  /**
   * Members that are required unless another one is given: { StreamName: 'StreamARN' }. Services require
   * this, although AWS's models do not say so.
   */
  readonly requiredUnless?: Readonly<Record<string, string>>
  /** Whether it is an event stream: its members are kinds of events, and each message has one of them. */
  readonly eventstream?: boolean
  /** The location of members outside the body, and their names there. Only `rest-json` has them. */
  readonly locations?: Readonly<Record<string, { readonly location: string; readonly name?: string }>>
  /** The member that is the whole body. Only `rest-json` has it. */
  readonly payload?: string
  /** The names of members in parameters and elements, if they differ. Only `query` has them. */
  readonly names?: Readonly<Record<string, string>>
}

export interface ListShape extends Sensitive {
  readonly type: 'list'
  readonly member: string
  readonly min?: number
  readonly max?: number
  /** Whether items follow each other without an element or a part of the name for the list (`query`). */
  readonly flattened?: boolean
  /** The name of items; `member` if undefined (`query`). */
  readonly memberName?: string
}

export interface MapShape extends Sensitive {
  readonly type: 'map'
  readonly key: string
  readonly value: string
  readonly min?: number
  readonly max?: number
  /** Whether entries follow each other without `entry` (`query`). */
  readonly flattened?: boolean
  /** `key` if undefined (`query`). */
  readonly keyName?: string
  /** `value` if undefined (`query`). */
  readonly valueName?: string
}

export interface StringShape extends Sensitive {
  readonly type: 'string'
  /** UTF-16 units. */
  readonly min?: number
  readonly max?: number
  /** Matches the whole text. */
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
  /** Bytes. */
  readonly min?: number
  readonly max?: number
}

export interface PlainShape extends Sensitive {
  readonly type: 'boolean' | 'timestamp'
}

/** Throws if the model does not have the shape, which is a bug. */
export function shapeOf(model: Model, name: string): Shape {
  if (!Object.hasOwn(model.shapes, name))
    throw new Error(`The model of ${model.service} does not have the shape ${name}.`)
  return model.shapes[name]
}

/** Returns the shape of an input or output, which is a structure. */
export function structureOf(model: Model, name: string): StructureShape {
  const shape = shapeOf(model, name)
  if (shape.type !== 'structure') throw new Error(`${name} of ${model.service} is not a structure.`)
  return shape
}
