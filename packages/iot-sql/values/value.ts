/** Values of expressions. undefined is SQL's Undefined, and null its Null. */
import { Decimal, type Numeric } from '../numbers/decimal.ts'

/** An array has no undefined elements, and an object no undefined members. */
export type Value =
  | undefined
  | null
  | boolean
  | Numeric
  | string
  | readonly Value[]
  | ObjectValue
  | Uint8Array

export interface ObjectValue {
  readonly [name: string]: Value
}

/** A value that JSON.stringify can write. */
export type JsonValue =
  | null
  | boolean
  | Numeric
  | string
  | readonly JsonValue[]
  | { readonly [name: string]: JsonValue }

export function isNumeric(value: Value): value is Numeric {
  return typeof value === 'number' || value instanceof Decimal
}

export function isObject(value: unknown): value is ObjectValue {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Decimal) &&
    !(value instanceof Uint8Array)
  )
}

/** A field of an object; undefined for other values. Only own fields count, so no name reaches a prototype. */
export function fieldOf(value: Value, name: string): Value {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Bytes are encoded with base64 where JSON needs them. */
export function asMember(value: Value): Value {
  return value instanceof Uint8Array ? base64Of(value) : value
}

export function base64Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}

/** Sets a field of an object that is being made. __proto__ is a name like any other. */
export function setField(object: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__')
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
  else object[name] = value
}
