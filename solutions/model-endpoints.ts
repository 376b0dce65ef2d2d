/** Endpoints of models that a solution declares. */

/** An endpoint that is created if none has its name. Which versions serve is decided by people from then on. */
export interface EndpointDefinition {
  /** What the model is asked and what it predicts: a version with another contract cannot be registered. */
  readonly contract: {
    readonly features: readonly ModelColumn[]
    readonly label: Pick<ModelColumn, 'name' | 'type' | 'unit'>
  }
  /** The version that serves at first: ENDPOINT/VERSION in the folder of models. */
  readonly version: string
  /** The time limit of a run of the model. */
  readonly timeLimitMs: number
}

export interface ModelColumn {
  readonly name: string
  readonly type: 'float32'
  readonly unit: string
  /** Both bounds belong to the range. */
  readonly min: number
  readonly max: number
}
