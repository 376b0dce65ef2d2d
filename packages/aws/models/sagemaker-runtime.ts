/** The model of the operation of Amazon SageMaker's runtime API that Weir serves, from botocore 1.44.8. */
import { readFileSync } from 'node:fs'
import type { Model } from '../model.ts'

const published = JSON.parse(
  readFileSync(new URL('sagemaker-runtime.json', import.meta.url), 'utf8'),
) as Model

/** The published pattern \A\S[\p{Print}]*\z, which is Java's. */
const PRINTED = '[\\x21-\\x7e][\\x20-\\x7e]*'

export const sagemakerRuntimeModel: Model = {
  ...published,
  shapes: {
    ...published.shapes,
    InferenceId: { type: 'string', pattern: PRINTED, min: 1, max: 64 },
    PrefixAwareIdHeader: { type: 'string', pattern: PRINTED, min: 1, max: 64 },
    TargetModelHeader: { type: 'string', pattern: PRINTED, min: 1, max: 1024 },
  },
}
