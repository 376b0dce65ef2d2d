import { describe, expect, test } from 'vitest'
import { evaluate } from '../testing/run.ts'

test.each([
  ['lpad("a", -5)', '"a"'],
  ['length(rpad("", 5000))', '1000'],
  ['ltrim("\t a\t ")', '"a\\t "'],
  ['rtrim("\t a\t ")', '"\\t a"'],
  ['trim("\t a\u0001")', '"a"'],
  ['length("😀")', '2'],
  ['numbytes("😀")', '4'],
  ['chr(127)', '"\u007f"'],
  ['chr(128)', undefined],
  ['chr(-1)', undefined],
  ['replace("aXbX", "X", "")', '"ab"'],
  ['replace("ab", "", "-")', '"-a-b-"'],
  ['substring("abc", 5)', '""'],
  ['substring("abc", 0, "2")', '"ab"'],
  ['substring("abc", 0, "x")', undefined],
  ['indexof("abc", "x")', '-1'],
  ["'it''s'", `"it's"`],
  ['"say ""hi"""', '"say \\"hi\\""'],
  ["'back\\slash'", '"back\\\\slash"'],
])('%s is %s', (expression, expected) => {
  expect(evaluate(expression)).toBe(expected)
})

describe('regular expressions', () => {
  test.each([
    ['regexp_matches("2024-01-31", "^\\d{4}-\\d{2}-\\d{2}$")', 'true'],
    ['regexp_matches("abc", field)', 'true'],
    ['regexp_matches("abc", "x" + "(")', undefined],
    ['regexp_matches("abc", missing)', undefined],
    ['regexp_substr("abc", "x")', undefined],
    ['regexp_substr("id=42;", "[0-9]+")', '"42"'],
    ['regexp_replace("a1b2", "[0-9]", "#")', '"a#b#"'],
    ['regexp_replace("john smith", "(\\w+) (\\w+)", "$2 $1")', '"smith john"'],
    ['regexp_replace("abc", "(b)", "$10")', '"ab0c"'],
    ['regexp_replace("abc", "b", "\\$")', '"a$c"'],
    ['regexp_replace("abc", "b", "$1")', undefined],
    ['regexp_replace("abc", "b", "$")', undefined],
    ['regexp_replace("abc", "", "-")', '"-a-b-c-"'],
  ])('%s is %s', (expression, expected) => {
    expect(evaluate(expression, { field: 'b.$' })).toBe(expected)
  })
})

describe('hashes', () => {
  // The vectors of RFC 1319 and of FIPS 180.
  test.each([
    ['md2("")', '8350e5a3e24c153df2275c9f80692773'],
    ['md2("abc")', 'da853b0d3f88d99b30283a69e6ded6bb'],
    [
      'md2("12345678901234567890123456789012345678901234567890123456789012345678901234567890")',
      'd5976f79d83d3a0dc9806c3c66f3efd8',
    ],
    ['sha1("abc")', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['sha224("abc")', '23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7'],
    ['sha256("abc")', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ])('%s', (expression, expected) => {
    expect(evaluate(expression)).toBe(`"${expected}"`)
  })

  test('SHA-384 and SHA-512 have 96 and 128 digits', () => {
    expect(evaluate('length(sha384("abc"))')).toBe('96')
    expect(evaluate('substring(sha512("abc"), 0, 16)')).toBe('"ddaf35a193617aba"')
  })
})

describe('decode', () => {
  test.each([
    ['decode("eyJhIjoxfQ", "base64").a', '1'],
    ['decode("MQ==", "base64") + 1', '2'],
    ['decode("aGVsbG8=", "base64")', '"hello"'],
    ['decode("a*b", "base64")', 'null'],
    ['decode("/wD+", "base64")', 'null'],
    ['decode(missing, "base64")', undefined],
  ])('%s is %s', (expression, expected) => {
    expect(evaluate(expression)).toBe(expected)
  })
})
