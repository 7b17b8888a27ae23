/** As much of DER (X.690) as it takes to find what Node does not tell of a certificate. */

export type Der = { tag: number; body: Buffer }

/** @throws when the bytes end early or a length is not of this world. */
export function readDer(bytes: Buffer): Der[] {
  const found: Der[] = []
  let at = 0
  while (at < bytes.length) {
    const tag = byteAt(bytes, at)
    const first = byteAt(bytes, at + 1)
    const more = first < 0x80 ? 0 : first & 0x7f
    if (more > 4) throw new Error('a DER length of more than four bytes')
    const length = more === 0 ? first : bytes.readUIntBE(at + 2, more)
    const from = at + 2 + more
    if (from + length > bytes.length) throw new Error('DER ends early')
    found.push({ tag, body: bytes.subarray(from, from + length) })
    at = from + length
  }
  return found
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at]
  if (byte === undefined) throw new Error('DER ends early')
  return byte
}

const SEQUENCE = 0x30
const OCTETS = 0x04
const INTEGER = 0x02
/** `[3] EXPLICIT Extensions` of a TBSCertificate. */
const EXTENSIONS = 0xa3
/** `[0] KeyIdentifier` of an AuthorityKeyIdentifier. */
const KEY_ID = 0x80
/** 2.5.29.35 */
const AUTHORITY_KEY_ID = Buffer.from('551d23', 'hex')

const only = (bytes: Buffer, tag: number): Buffer | undefined =>
  readDer(bytes).find((each) => each.tag === tag)?.body

/** The serial as its INTEGER has it (a leading zero stays), and the key of who signed; null when it is not named. */
export function identityOf(certificate: Buffer): { serial: Buffer; authorityKeyId: Buffer | null } {
  const whole = only(certificate, SEQUENCE)
  const signed = whole && only(whole, SEQUENCE)
  const serial = signed && only(signed, INTEGER)
  if (!signed || !serial) throw new Error('no certificate')
  return { serial, authorityKeyId: authorityKeyIdIn(signed) }
}

function authorityKeyIdIn(signed: Buffer): Buffer | null {
  const wrapped = only(signed, EXTENSIONS)
  const list = wrapped && only(wrapped, SEQUENCE)
  for (const extension of list ? readDer(list) : []) {
    const parts = readDer(extension.body)
    if (!parts[0]?.body.equals(AUTHORITY_KEY_ID)) continue
    const value = parts.find(({ tag }) => tag === OCTETS)?.body
    const named = value && only(value, SEQUENCE)
    return (named && only(named, KEY_ID)) ?? null
  }
  return null
}
