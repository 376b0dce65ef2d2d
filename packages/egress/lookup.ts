/** Resolves names to addresses, and keeps those that may be connected to. */
import { type LookupAddress, lookup, Resolver } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { isPublic } from './addresses.ts'
import { type EgressConfig, isAllowed } from './config.ts'
import { EgressError } from './errors.ts'
import type { Target } from './target.ts'

/** A name with more addresses does not make a request try them all. */
const MAX_ADDRESSES_PER_FAMILY = 4
/** The first try has this time; the DNS client gives the second one more. */
const DNS_TIMEOUT_MS = 2000

/**
 * The DNS client of requests. It waits without occupying a thread: slow name servers of some receivers would
 * otherwise take all threads of dns.lookup, and so the names of all others.
 */
export const openResolver = (): Resolver => new Resolver({ timeout: DNS_TIMEOUT_MS, tries: 2 })

/** The names that always mean this machine (RFC 6761, section 6.3). */
const LOCALHOST = /^(?:.+\.)?localhost\.?$/

type Resolved = (error: EgressError | undefined, addresses: LookupAddress[]) => void

const found = (address: string): LookupAddress => ({ address, family: isIP(address) })

const refused = (hostname: string): EgressError =>
  new EgressError('refused-address', `The address of ${hostname} is not public.`)

/** The addresses of one receiver, each of which is checked before it is connected to. */
export class Addresses {
  readonly #target: Target
  readonly #config: EgressConfig
  readonly #resolver: Resolver
  readonly #isListed: boolean

  constructor(target: Target, config: EgressConfig, resolver: Resolver) {
    this.#target = target
    this.#config = config
    this.#resolver = resolver
    this.#isListed = config.allowedHosts.has(`${target.hostname}:${target.port}`)
  }

  /** The host as sockets take it; sockets do not look addresses up. Throws an EgressError for a refused one. */
  host(): string {
    const { hostname } = this.#target
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    if (isIP(host) !== 0 && !this.#isReachable(host)) throw refused(hostname)
    return host
  }

  /** Sockets with `autoSelectFamily` call it, and try the addresses in turn. */
  readonly lookup: LookupFunction = (hostname, _options, callback) =>
    this.#resolve(hostname, (error, all) => {
      const addresses = this.#isListed ? all : this.#reachable(all)
      if (error === undefined && addresses.length === 0) error = refused(hostname)
      callback(error ?? null, addresses)
    })

  #isReachable(address: string): boolean {
    return this.#isListed || isAllowed(this.#config, address) || isPublic(address)
  }

  /** IPv4 first: many networks have no route for IPv6, and drop what is sent there. */
  #reachable(all: readonly LookupAddress[]): LookupAddress[] {
    const reachable = all.filter(({ address }) => this.#isReachable(address))
    return [4, 6].flatMap((family) =>
      reachable.filter((one) => one.family === family).slice(0, MAX_ADDRESSES_PER_FAMILY),
    )
  }

  #resolve(hostname: string, done: Resolved): void {
    const fail = (code: string): void =>
      done(new EgressError('dns', `The name ${hostname} was not resolved (${code}).`), [])
    if (LOCALHOST.test(hostname)) {
      done(undefined, ['127.0.0.1', '::1'].map(found))
    } else if (this.#isListed) {
      lookup(hostname, { all: true }, (error, all) => (error ? fail(error.code!) : done(undefined, all)))
    } else {
      const answers: LookupAddress[] = []
      const codes: string[] = []
      let waiting = 2
      const answered = (error: NodeJS.ErrnoException | null, addresses: string[] = []): void => {
        if (error !== null) codes.push(error.code ?? 'unknown')
        answers.push(...addresses.map(found))
        if (--waiting > 0) return
        if (answers.length > 0) done(undefined, answers)
        else fail(codes.find((code) => code !== 'ENODATA') ?? 'ENODATA')
      }
      this.#resolver.resolve4(hostname, answered)
      this.#resolver.resolve6(hostname, answered)
    }
  }
}
