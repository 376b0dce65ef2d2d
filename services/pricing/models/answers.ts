/** Writes predictions in the format that a request accepts. */
import { ModelFault } from './faults.ts'
import { FORMATS, type Format, formatOf } from './rows.ts'

/** The digits by which every float32 can be told from its neighbours. */
const DIGITS = 9
const MAX_QUOTED = 100

/**
 * Returns the format of the answer: that of the request, unless it accepts only others. Throws a ModelFault if it
 * accepts none.
 */
export function answerFormat(accept: string | undefined, ofRequest: Format): Format {
  const wanted = (accept ?? '*/*').split(',').map((type) => type.split(';', 1)[0].trim())
  const found = wanted.map((type) => (type === '*/*' || type === '' ? ofRequest : formatOf(type)))
  const format = found.find((one) => one !== undefined)
  if (format === undefined)
    throw new ModelFault(
      'accept',
      `Predictions are not written as ${accept!.slice(0, MAX_QUOTED)}; accept ${FORMATS.join(', ')}.`,
    )
  return format
}

export function writePredictions(predictions: Float32Array, format: Format): Buffer {
  const texts = Array.from(predictions, (value) => String(Number(value.toPrecision(DIGITS))))
  return Buffer.from(
    format === 'application/json' ? `{"predictions":[${texts.join(',')}]}` : `${texts.join('\n')}\n`,
  )
}
