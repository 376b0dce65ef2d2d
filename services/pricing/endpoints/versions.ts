/** Opens versions: reads their files, checks the card against the contract, and tries the model. */
import { createHash } from 'node:crypto'
import type { Logger } from '@weir/service'
import { type Card, contractOf, isRemote, readCard } from '../models/card.ts'
import { type Contract, contractFault } from '../models/features.ts'
import { type LoadedModel, Model } from '../models/model.ts'
import { openRemoteModel } from '../models/remote-model.ts'
import type { Version } from './entries.ts'
import type { VersionFiles } from './version-files.ts'

export interface VersionsOptions {
  readonly files: VersionFiles
  readonly log: Logger
}

/** Versions that wait to be opened. */
const MAX_WAITING = 200

/** Opens one version at a time: each is a process that takes memory, and all of a core for a moment. */
export class Versions {
  readonly #options: VersionsOptions
  #waiting = 0
  #last: Promise<unknown> = Promise.resolve()

  constructor(options: VersionsOptions) {
    this.#options = options
  }

  /** Resolves to what the log says of a version that can go live. Rejects with an error whose message is a sentence. */
  async examine(
    endpoint: string,
    version: string,
    contract: Contract,
  ): Promise<Omit<Version, 'registeredAt'>> {
    const { card, ...of } = await this.#card(endpoint, version, contract)
    const model = await this.#model(endpoint, version, card)
    model.stop()
    return { version, ...of }
  }

  /** Opens a registered version. Rejects with an error whose message is a sentence, also if its file has changed. */
  async open(
    endpoint: string,
    { version, sha256 }: Pick<Version, 'version' | 'sha256'>,
    contract: Contract,
  ): Promise<LoadedModel> {
    const found = await this.#card(endpoint, version, contract)
    if (found.sha256 !== sha256)
      throw new Error(
        `Version ${version} has another model than the one that was registered; restore its files, or register them under another name.`,
      )
    return this.#model(endpoint, version, found.card)
  }

  /** Resolves to the card, with the hash and the length of the model's file; of the card itself if there is no file. */
  async #card(
    endpoint: string,
    version: string,
    contract: Contract,
  ): Promise<{ readonly card: Card; readonly sha256: string; readonly bytes: number }> {
    const content = await this.#options.files.card(endpoint, version)
    const card = readCard(content)
    const fault = contractFault(contract, contractOf(card))
    if (fault !== undefined) throw new Error(fault)
    if (!isRemote(card.source)) return { card, sha256: card.source.sha256, bytes: card.source.bytes }
    return { card, sha256: createHash('sha256').update(content).digest('hex'), bytes: content.length }
  }

  async #model(endpoint: string, version: string, card: Card): Promise<LoadedModel> {
    if (this.#waiting >= MAX_WAITING)
      throw new Error(`${this.#waiting} versions wait to be opened already; try again later.`)
    this.#waiting++
    const opening = this.#last.then(() => this.#opened(endpoint, version, card))
    this.#last = opening.catch(() => {})
    return opening.finally(() => this.#waiting--)
  }

  #opened(endpoint: string, version: string, { name, features, source }: Card): Promise<LoadedModel> {
    const { files, log } = this.#options
    if (isRemote(source)) return openRemoteModel(source, features)
    return Model.open({ name, file: source, features, log, read: () => files.model(endpoint, version) })
  }
}
