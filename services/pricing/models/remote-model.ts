/**
 * A model behind an endpoint of SageMaker, called with the SDK's own credentials and addresses (AWS_ENDPOINT_URL and
 * its likes). Rows and predictions are CSV, which all of SageMaker's own containers read and write.
 */
import type { Remote } from './card.ts'
import { ModelFault } from './faults.ts'
import type { Feature } from './features.ts'
import { type LoadedModel, tryOut } from './model.ts'

/** Predictions of a batch. */
const MAX_ANSWER_BYTES = 1 << 20

/** Resolves when the endpoint has predicted a row. Rejects with an error whose message is a sentence. */
export async function openRemoteModel(
  { endpoint: EndpointName, region }: Remote,
  features: readonly Feature[],
): Promise<LoadedModel> {
  // The SDK takes a while to load.
  const { InvokeEndpointCommand, SageMakerRuntimeClient } = await import('@aws-sdk/client-sagemaker-runtime')
  const client = new SageMakerRuntimeClient({ region, maxAttempts: 1 })
  const model: LoadedModel = {
    async run(rows, limitMs) {
      const signal = AbortSignal.timeout(limitMs)
      const input = {
        EndpointName,
        Body: csvOf(rows, features.length),
        ContentType: 'text/csv',
        Accept: 'text/csv',
      }
      try {
        const { Body } = await client.send(new InvokeEndpointCommand(input), { abortSignal: signal })
        return predictionsOf(Body!, rows.length / features.length)
      } catch (error) {
        if (error instanceof ModelFault) throw error
        if (signal.aborted)
          throw new ModelFault(
            'slow',
            `The endpoint ${EndpointName} took longer than its limit of ${limitMs} ms.`,
          )
        const { name, message } = error as Error
        throw new ModelFault('failed', `The endpoint ${EndpointName} answered ${name}: ${message}`)
      }
    },
    stop: () => client.destroy(),
  }
  try {
    await tryOut(model, features)
    return model
  } catch (error) {
    model.stop()
    throw error
  }
}

function csvOf(rows: Float32Array, width: number): string {
  const lines: string[] = []
  for (let at = 0; at < rows.length; at += width) lines.push(rows.subarray(at, at + width).join(','))
  return lines.join('\n')
}

/** SageMaker's containers separate predictions by commas or by lines. */
function predictionsOf(body: Uint8Array, count: number): Float32Array {
  const texts =
    body.length > MAX_ANSWER_BYTES
      ? []
      : Buffer.from(body)
          .toString('utf8')
          .trim()
          .split(/\s*[,\n]\s*/)
  if (texts.length !== count)
    throw new ModelFault('failed', `The endpoint answered ${texts.length} predictions for ${count} rows.`)
  return Float32Array.from(texts, (text) => (text === '' ? Number.NaN : Number(text)))
}
