/** `jwt-secret`: text, base64, or a JWK or JWK set. */
import { algorithmsOf, parseKeySet, type SigningSecret } from '../session/signing-keys.ts'
import { ConfigInvalid, readers } from './values.ts'

const SECRET_BYTES_MIN = 32

/** @returns null when none is configured. */
export function readSecret(value: unknown, isBase64: unknown): SigningSecret {
  const given = typeof value === 'object' && value !== null ? JSON.stringify(value) : value
  const text = readers.text('jwt-secret', given)
  if (text === null) return null
  const keys = parseKeySet(text)
  if (keys !== undefined) {
    if (keys.some((key) => algorithmsOf(key).length > 0)) return text
    throw new ConfigInvalid('jwt-secret: no key here can check a signature')
  }
  const secret = readers.flag('jwt-secret-is-base64', isBase64) === true ? bytesOf(text) : text
  if (secret.length < SECRET_BYTES_MIN) throw new ConfigInvalid('jwt-secret: at least 32 characters')
  return secret
}

const bytesOf = (text: string): Uint8Array =>
  Buffer.from(text.replaceAll('-', '+').replaceAll('_', '/').replaceAll('.', '='), 'base64')
