/** Values as AWS's messages print them. */
import { shapeOf, type Model } from './model.ts'

/** UTF-16 units of a printed value; AWS's own bound is not known. 501 records fit. */
const MOST_PRINTED = 1 << 16
const CUT = '...[truncated]'
/** Java would print where the object lies in memory; this is what Kinesis was seen to print. */
const PLACE = 'c965e310'

export type Print = (shapeName: string, value: unknown) => string

export function printer(model: Model): Print {
  const prefix = `com.amazonaws.${model.service}.v${model.apiVersion.replaceAll('-', '')}`
  const print: Print = (shapeName, value) => {
    if (value === null) return 'null'
    const shape = shapeOf(model, shapeName)
    switch (shape.type) {
      case 'blob': return `java.nio.HeapByteBuffer[pos=0 lim=${(value as Buffer).length} cap=${(value as Buffer).length}]`
      case 'structure': return `${prefix}.${shapeName}@${PLACE}`
      case 'list': return `[${joined(value as readonly unknown[], (item) => print(shape.member, item))}]`
      case 'map': return `{${joined(Object.entries(value as object), ([key, item]) => `${key}=${print(shape.value, item)}`)}}`
      case 'timestamp': return String((value as Date).getTime())
      default: return cut(String(value))
    }
  }
  return print
}

export function cut(text: string): string {
  return text.length > MOST_PRINTED ? text.slice(0, MOST_PRINTED) + CUT : text
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
