/**
 * The process of one model. It has no settings and no secrets, and can be killed at any time: the service that
 * started it speaks to it in frames, over descriptor 3.
 */
import { Socket } from 'node:net'
import { InferenceSession, Tensor } from 'onnxruntime-node'
import { MAX_MODEL_BYTES } from './card.ts'
import {
  bytesOf,
  DONE,
  FAILED,
  type Frame,
  FrameReader,
  floatsOf,
  frame,
  MODEL,
  OPEN,
  type Opening,
  ROWS,
} from './frames.ts'

const link = new Socket({ fd: 3 })
const frames = new FrameReader(MAX_MODEL_BYTES)
let opening: Opening | undefined
let session: InferenceSession | undefined

async function load(file: Buffer): Promise<void> {
  const { input, output } = opening!
  session = await InferenceSession.create(file, {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 4,
  })
  if (session.inputNames.length !== 1 || session.inputNames[0] !== input)
    throw new Error(`The model has the inputs ${session.inputNames.join(', ')}, and its card has ${input}.`)
  if (!session.outputNames.includes(output))
    throw new Error(
      `The model has the outputs ${session.outputNames.join(', ')}, and its card has ${output}.`,
    )
}

async function run(payload: Buffer): Promise<Float32Array> {
  const { input, output, width } = opening!
  const rows = floatsOf(payload)
  const count = rows.length / width
  const found = await session!.run({ [input]: new Tensor('float32', rows, [count, width]) }, [output])
  const { data, type } = found[output]
  if (type !== 'float32' || data.length !== count)
    throw new Error(`The model answered ${data.length} values of type ${type} for ${count} rows.`)
  return data as Float32Array
}

async function answer({ kind, payload }: Frame): Promise<void> {
  try {
    if (kind === OPEN) opening = JSON.parse(payload.toString()) as Opening
    else if (kind === MODEL) await load(payload).then(() => link.write(frame(DONE, Buffer.alloc(0))))
    else if (kind === ROWS) link.write(frame(DONE, bytesOf(await run(payload))))
  } catch (error) {
    link.write(frame(FAILED, Buffer.from((error as Error).message.slice(0, 2000))))
  }
}

let last: Promise<void> = Promise.resolve()
link.on('data', (chunk) => {
  for (const one of frames.push(chunk)) last = last.then(() => answer(one))
})
// The service is gone, or has no use for the model any more.
link.on('close', () => process.exit(0))
link.on('error', () => process.exit(0))
