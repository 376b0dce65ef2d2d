/** Values as AWS's messages print them. */
import { shapeOf, type Model } from './model.ts'

/** UTF-16 units of a printed list; AWS's own bound is not known. 501 records fit. */
const MOST_PRINTED = 1 << 16
/** UTF-16 units of a printed text. Only texts that hold whole documents may be longer. */
const MAX_TEXT_PRINTED = 4096
/** UTF-16 units of a blob's text, which may have megabytes. */
const MAX_BLOB_PRINTED = 64
const CUT = '...[truncated]'
/** Stands for a sensitive value within another one. */
const HIDDEN = '***'
/** Java would print where the object lies in memory; this is what Kinesis was seen to print. */
const PLACE = 'c965e310'

/** Returns undefined for sensitive values, which AWS does not repeat. */
export type Print = (shapeName: string, value: unknown) => string | undefined

export function printer(model: Model): Print {
  const prefix = `com.amazonaws.${model.service}.v${model.apiVersion.replaceAll('-', '')}`
  const print = (shapeName: string, value: unknown): string => {
    if (value === null) return 'null'
    const shape = shapeOf(model, shapeName)
    if (shape.sensitive) return HIDDEN
    switch (shape.type) {
      case 'blob': return `java.nio.HeapByteBuffer[pos=0 lim=${(value as Buffer).length} cap=${(value as Buffer).length}]`
      case 'structure': return `${prefix}.${shapeName}@${PLACE}`
      case 'list': return `[${joined(value as readonly unknown[], (item) => print(shape.member, item))}]`
      case 'map': return `{${joined(Object.entries(value as object), ([key, item]) => `${key}=${print(shape.value, item)}`)}}`
      // As Java prints them.
      case 'float': case 'double': return Number.isInteger(value) ? `${String(value)}.0` : String(value)
      case 'timestamp': return String((value as Date).getTime())
      default: return cut(String(value), MAX_TEXT_PRINTED)
    }
  }
  return (shapeName, value) => (shapeOf(model, shapeName).sensitive ? undefined : print(shapeName, value))
}

export function cut(text: string, most = MOST_PRINTED): string {
  return text.length > most ? text.slice(0, most) + CUT : text
}

export function cutBlob(text: string): string {
  return cut(text, MAX_BLOB_PRINTED)
}

export function lowerFirst(name: string): string {
  return name[0].toLowerCase() + name.slice(1)
}

function joined<T>(items: readonly T[], print: (item: T) => string): string {
  let text = ''
  for (const item of items) {
    text += (text === '' ? '' : ', ') + print(item)
    if (text.length > MOST_PRINTED) break
  }
  return cut(text)
}
