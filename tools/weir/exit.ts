/** Exit codes of every command; `weir --help` lists them. */
export const EXIT = {
  ok: 0,
  /** Some records were refused, or problems were found. */
  refused: 1,
  /** An argument or an input file cannot be used. */
  usage: 2,
  /** A server or service is down. */
  down: 3,
  /** The hub, a broker or a service that the command needs does not answer. */
  unreachable: 4,
} as const

export const EXIT_CODES = `Exit codes
  0  success
  1  some records were refused, or problems were found
  2  an argument or an input file cannot be used
  3  something is down (status)
  4  a service or broker that the command needs does not answer`
