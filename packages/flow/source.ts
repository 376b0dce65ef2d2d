/**
 * The source that a step may read besides its value: the batch's columns, as the broker port hands them over.
 * Index i is the record's place.
 */
export interface Source {
  readonly bytes: Buffer
  readonly valueStart: Int32Array
  readonly valueEnd: Int32Array
  /** Milliseconds since the epoch: when the broker stored the record. */
  readonly timestamps: Float64Array
}
