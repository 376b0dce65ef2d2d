/** Why there is no prediction. The message is a sentence for the client. */

/**
 * - `rows`: the request does not have rows of the contract
 * - `media-type`, `accept`: its format, or the wanted one, is not known
 * - `slow`: the model took longer than its limit
 * - `failed`: the model threw, or its process ended
 * - `not-finite`: the model predicted NaN or infinity
 * - `overloaded`: too many rows wait; a retry can help
 * - `not-ready`: no version is loaded here yet; a retry can help
 */
export type FaultCode =
  | 'rows'
  | 'media-type'
  | 'accept'
  | 'slow'
  | 'failed'
  | 'not-finite'
  | 'overloaded'
  | 'not-ready'

export class ModelFault extends Error {
  override readonly name = 'ModelFault'
  readonly code: FaultCode

  constructor(code: FaultCode, message: string) {
    super(message)
    this.code = code
  }
}
