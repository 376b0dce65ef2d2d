/** Small ONNX models for tests, written as protocol buffers (onnx.proto3). Each predicts from the mean of a row. */

type Field = readonly [id: number, value: number | string | Buffer]

/** Encodes a message: numbers as varints, texts and messages by their length. */
function message(...fields: readonly Field[]): Buffer {
  return Buffer.concat(
    fields.flatMap(([id, value]) => {
      if (typeof value === 'number') return [varint(id << 3), varint(value)]
      const bytes = Buffer.from(value as string)
      return [varint((id << 3) | 2), varint(bytes.length), bytes]
    }),
  )
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let left = value
  for (; left > 127; left = Math.floor(left / 128)) bytes.push((left % 128) | 128)
  return Buffer.from([...bytes, left])
}

const FLOAT = 1
const INT64 = 7
const BOOL = 9

const node = (op: string, inputs: readonly string[], outputs: readonly string[], ...attributes: Buffer[]) =>
  message(
    ...inputs.map((name): Field => [1, name]),
    ...outputs.map((name): Field => [2, name]),
    [4, op],
    ...attributes.map((attribute): Field => [5, attribute]),
  )
const integers = (name: string, ...values: number[]) =>
  message([1, name], ...values.map((value): Field => [8, value]), [20, 7])
const integer = (name: string, value: number) => message([1, name], [3, value], [20, 2])
const body = (graph: Buffer) => message([1, 'body'], [6, graph], [20, 5])

const tensorType = (type: number, dims: readonly (number | string)[]) =>
  message([
    1,
    message(
      [1, type],
      [2, message(...dims.map((dim): Field => [1, message([typeof dim === 'number' ? 1 : 2, dim])]))],
    ),
  ])
const value = (name: string, type: number, ...dims: (number | string)[]) =>
  message([1, name], [2, tensorType(type, dims)])

function constant(name: string, type: number, values: readonly number[]): Buffer {
  const raw =
    type === FLOAT
      ? Buffer.from(new Float32Array(values).buffer)
      : Buffer.from(new BigInt64Array(values.map(BigInt)).buffer)
  return message([1, values.length], [2, type], [8, name], [9, raw])
}

/** @param width the features of a row; `nodes` make `units` (rows × 1) of `mean` (rows × 1) */
function model(width: number, nodes: readonly Buffer[], constants: readonly Buffer[]): Buffer {
  const graph = message(
    [1, node('ReduceMean', ['features'], ['mean'], integers('axes', 1), integer('keepdims', 1))],
    ...nodes.map((one): Field => [1, one]),
    [2, 'test'],
    ...constants.map((one): Field => [5, one]),
    [11, value('features', FLOAT, 'rows', width)],
    [12, value('units', FLOAT, 'rows', 1)],
  )
  return message([1, 8], [7, graph], [8, message([1, ''], [2, 13])])
}

/** Predicts the mean of the row, and `plus`. */
export const meanModel = (width: number, plus = 0): Buffer =>
  model(width, [node('Add', ['mean', 'plus'], ['units'])], [constant('plus', FLOAT, [plus])])

/** Predicts the root of the mean: NaN if it is negative. */
export const rootModel = (width: number, plus = 0): Buffer =>
  model(
    width,
    [node('Add', ['mean', 'plus'], ['sum']), node('Sqrt', ['sum'], ['units'])],
    [constant('plus', FLOAT, [plus])],
  )

/** Fails if the mean is 1 or more. */
export const failingModel = (width: number): Buffer =>
  model(
    width,
    [
      node('Cast', ['mean'], ['index'], integer('to', INT64)),
      node('Gather', ['only', 'index'], ['units'], integer('axis', 0)),
    ],
    [constant('only', FLOAT, [0])],
  )

/** Counts to the first row's mean times a billion. */
export const slowModel = (width: number): Buffer => {
  const count = message(
    [1, node('Identity', ['cond'], ['again'])],
    [1, node('Add', ['sum', 'one'], ['next'])],
    [2, 'count'],
    [11, value('i', INT64)],
    [11, value('cond', BOOL)],
    [11, value('sum', FLOAT, 'rows', 1)],
    [12, value('again', BOOL)],
    [12, value('next', FLOAT, 'rows', 1)],
  )
  return model(
    width,
    [
      node('Mul', ['mean', 'billion'], ['times']),
      node('Cast', ['times'], ['steps'], integer('to', INT64)),
      node('ReduceMax', ['steps'], ['most'], integer('keepdims', 0)),
      node('Loop', ['most', '', 'mean'], ['units'], body(count)),
    ],
    [constant('billion', FLOAT, [1e9]), constant('one', FLOAT, [1])],
  )
}
