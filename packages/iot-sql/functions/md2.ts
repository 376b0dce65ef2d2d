/** MD2 (RFC 1319), which OpenSSL no longer has. */

const BLOCK_BYTES = 16
const ROUNDS = 18

/** A block passes 18 rounds over 48 bytes. */
export const MD2_STEPS_PER_BYTE = 16

/** A permutation of the bytes that the RFC takes from the digits of pi. */
const PI = Buffer.from(
  [
    '292e43c9a2d87c013d3654a1ecf0061362a705f3c0c7738c98932bd9bc4c82ca',
    '1e9b573cfdd4e01667426f188a17e512be4ec4d6da9ede49a0fbf58ebb2fee7a',
    'a968799115b2073f94c210890b225f21807f5d9a5a903227353ecce7bff79703',
    'ff1930b348a5b5d1d75e922aac56aac64fb838d296a47db676fc6be29c7404f1',
    '459d705964718720865bcf65e62da8021b6025adaeb0b9f61c46616934407e0f',
    '5547a323dd51af3ac35cf9cebac5ea262c530d6e85288409d3dfcdf441814d52',
    '6adc37c86cc1abfa24e17b080cbdb14a7888958be363e86de9cbd5fe3b001d39',
    'f2efb70e6658d0e4a67772f8eb754b0a314450b48fed1f1adb998d339f118314',
  ].join(''),
  'hex',
)

export function md2(bytes: Buffer): string {
  const padding = BLOCK_BYTES - (bytes.length % BLOCK_BYTES)
  const padded = Buffer.concat([bytes, Buffer.alloc(padding, padding)])
  const checksum = checksumOf(padded)
  const state = new Uint8Array(3 * BLOCK_BYTES)
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) absorb(state, padded.subarray(at, at + BLOCK_BYTES))
  absorb(state, checksum)
  return Buffer.from(state.subarray(0, BLOCK_BYTES)).toString('hex')
}

function checksumOf(padded: Uint8Array): Uint8Array {
  const checksum = new Uint8Array(BLOCK_BYTES)
  let last = 0
  for (let at = 0; at < padded.length; at++) last = checksum[at % BLOCK_BYTES] ^= PI[padded[at] ^ last]
  return checksum
}

function absorb(state: Uint8Array, block: Uint8Array): void {
  for (let i = 0; i < BLOCK_BYTES; i++) {
    state[BLOCK_BYTES + i] = block[i]
    state[2 * BLOCK_BYTES + i] = state[i] ^ block[i]
  }
  let last = 0
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < state.length; i++) last = state[i] ^= PI[last]
    last = (last + round) % 256
  }
}
