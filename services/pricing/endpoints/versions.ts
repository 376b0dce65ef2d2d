/** Opens versions: reads their files, checks the card against the contract, and tries the model. */
import type { Logger } from '@weir/service'
import { type Card, contractOf, readCard } from '../models/card.ts'
import { type Contract, contractFault } from '../models/features.ts'
import { Model } from '../models/model.ts'
import type { Version } from './entries.ts'
import type { VersionFiles } from './version-files.ts'

export interface VersionsOptions {
  readonly files: VersionFiles
  readonly log: Logger
}

export class Versions {
  readonly #options: VersionsOptions

  constructor(options: VersionsOptions) {
    this.#options = options
  }

  /** Resolves to what the log says of a version that can go live. Rejects with an error whose message is a sentence. */
  async examine(
    endpoint: string,
    version: string,
    contract: Contract,
  ): Promise<Omit<Version, 'registeredAt'>> {
    const card = await this.#card(endpoint, version, contract)
    const model = await this.#model(endpoint, version, card)
    model.stop()
    return { version, sha256: card.model.sha256, bytes: card.model.bytes }
  }

  /** Opens a registered version. Rejects with an error whose message is a sentence, also if its file has changed. */
  async open(endpoint: string, { version, sha256 }: Version, contract: Contract): Promise<Model> {
    const card = await this.#card(endpoint, version, contract)
    if (card.model.sha256 !== sha256)
      throw new Error(
        `Version ${version} has another model than the one that was registered; restore its files, or register them under another name.`,
      )
    return this.#model(endpoint, version, card)
  }

  async #card(endpoint: string, version: string, contract: Contract): Promise<Card> {
    const card = readCard(await this.#options.files.card(endpoint, version))
    const fault = contractFault(contract, contractOf(card))
    if (fault !== undefined) throw new Error(fault)
    return card
  }

  #model(endpoint: string, version: string, card: Card): Promise<Model> {
    const { files, log } = this.#options
    return Model.open({ card, log, read: () => files.model(endpoint, version) })
  }
}
