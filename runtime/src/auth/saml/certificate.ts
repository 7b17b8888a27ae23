/**
 * A certificate for a key, as a vessel of the public half: SAML's metadata has no other that all identity providers take.
 * It follows from the key alone (RSA with PKCS#1 v1.5 is deterministic), so that it need not be kept, and a provider that
 * was told of it once knows it for good. Node reads certificates but makes none; of DER (X.690) it takes this much.
 */
import { createPublicKey, type KeyObject, sign } from 'node:crypto'

const INTEGER = 0x02
const BITS = 0x03
const NULL = 0x05
const OID = 0x06
const UTF8 = 0x0c
const UTC_TIME = 0x17
const TIME = 0x18
const SEQUENCE = 0x30
const SET = 0x31

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const body = Buffer.concat(parts)
  return Buffer.concat([Buffer.from([tag]), lengthOf(body.length), body])
}

/** Up to 64 KiB: keys are far shorter. */
const lengthOf = (length: number): Buffer =>
  length < 0x80 ? Buffer.from([length]) : Buffer.from([0x82, length >> 8, length & 0xff])

/** 1.2.840.113549.1.1.11 */
const SHA256_WITH_RSA = der(SEQUENCE, der(OID, Buffer.from('2a864886f70d01010b', 'hex')), der(NULL))
/** 2.5.4.3 */
const COMMON_NAME = der(OID, Buffer.from('550403', 'hex'))
const NAME = der(
  SEQUENCE,
  der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8, Buffer.from('SAML of a Cascata project')))),
)
/** Its time says nothing: the key is changed by whoever set it. */
const VALIDITY = der(
  SEQUENCE,
  der(UTC_TIME, Buffer.from('700101000000Z')),
  der(TIME, Buffer.from('21700101000000Z')),
)

/** @param key of RSA. @returns DER. */
export function certificateOf(key: KeyObject): Buffer {
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' })
  const serial = der(INTEGER, Buffer.from([1]))
  const signed = der(SEQUENCE, serial, SHA256_WITH_RSA, NAME, VALIDITY, NAME, publicKey)
  const signature = der(BITS, Buffer.from([0]), sign('sha256', signed, key))
  return der(SEQUENCE, signed, SHA256_WITH_RSA, signature)
}
