/** Prints values as AWS's error messages do. */
import { type Model, shapeOf } from './model.ts'

/** The most UTF-16 units of a printed value. AWS's own bound is not known. */
const MAX_PRINTED = 1024
/** The most UTF-16 units of a blob's text, which may be confidential code or data. */
const MAX_BLOB_PRINTED = 64
const CUT = '...[truncated]'
/** Java prints the object's hash code; this one is from a message of Kinesis. */
const ADDRESS = 'c965e310'

/** Returns undefined if the shape, or one inside it, is sensitive: AWS does not repeat such values in messages. */
export type Print = (shapeName: string, value: unknown) => string | undefined

export function printer(model: Model): Print {
  const plain = plainPrinter(model)
  return (shapeName, value) =>
    isSensitive(model, shapeName, new Set()) ? undefined : plain(shapeName, value)
}

function isSensitive(model: Model, shapeName: string, seen: Set<string>): boolean {
  if (seen.has(shapeName)) return false
  seen.add(shapeName)
  const shape = shapeOf(model, shapeName)
  if (shape.sensitive) return true
  switch (shape.type) {
    case 'structure':
      return Object.values(shape.members).some((member) => isSensitive(model, member, seen))
    case 'list':
      return isSensitive(model, shape.member, seen)
    case 'map':
      return isSensitive(model, shape.key, seen) || isSensitive(model, shape.value, seen)
    default:
      return false
  }
}

function plainPrinter(model: Model): (shapeName: string, value: unknown) => string {
  const prefix = `com.amazonaws.${model.service}.v${model.apiVersion.replaceAll('-', '')}`
  const print = (shapeName: string, value: unknown): string => {
    if (value === null) return 'null'
    const shape = shapeOf(model, shapeName)
    switch (shape.type) {
      case 'blob':
        return `java.nio.HeapByteBuffer[pos=0 lim=${(value as Buffer).length} cap=${(value as Buffer).length}]`
      case 'structure':
        return `${prefix}.${shapeName}@${ADDRESS}`
      case 'list':
        return `[${joined(value as readonly unknown[], (item) => print(shape.member, item))}]`
      case 'map':
        return `{${joined(Object.entries(value as object), ([key, item]) => `${key}=${print(shape.value, item)}`)}}`
      case 'float':
      case 'double':
        // As Java prints them.
        return Number.isInteger(value) ? `${String(value)}.0` : String(value)
      case 'timestamp':
        return String((value as Date).getTime())
      default:
        return cut(String(value))
    }
  }
  return print
}

/** Shortens a text that is too long for a message. */
export function cut(text: string, max = MAX_PRINTED): string {
  return text.length > max ? text.slice(0, max) + CUT : text
}

export function cutBlob(text: string): string {
  return cut(text, MAX_BLOB_PRINTED)
}

function joined<T>(items: readonly T[], print: (item: T) => string): string {
  let text = ''
  for (const [i, item] of items.entries()) {
    text += (i === 0 ? '' : ', ') + print(item)
    if (text.length > MAX_PRINTED) break
  }
  return cut(text)
}
