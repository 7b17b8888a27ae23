/** As much of CBOR (RFC 8949) as authenticators say. */
const MAP = 5
const ARRAY = 4
const TEXT = 3
const BYTES = 2

function head(major: number, length: number): Buffer {
  if (length < 24) return Buffer.from([(major << 5) | length])
  return Buffer.from([(major << 5) | 25, length >> 8, length & 0xff])
}

const text = (word: string): Buffer => Buffer.concat([head(TEXT, word.length), Buffer.from(word)])

export const cbor = {
  text,
  bytes: (bytes: Buffer): Buffer => Buffer.concat([head(BYTES, bytes.length), bytes]),
  array: (...items: readonly Buffer[]): Buffer => Buffer.concat([head(ARRAY, items.length), ...items]),
  /** @param n from -24 to -1 */
  negative: (n: number): Buffer => head(1, -1 - n),
  map: (members: Readonly<Record<string, Buffer>>): Buffer => {
    const pairs = Object.entries(members).flatMap(([name, value]) => [text(name), value])
    return Buffer.concat([head(MAP, pairs.length / 2), ...pairs])
  },
}
