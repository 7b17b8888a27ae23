/** `jwt-secret`: text, base64, or a JWK or JWK set with one symmetric key. HS256 is the only algorithm here. */
import { ConfigInvalid, readers } from './values.ts'

/** @returns null when none is configured. */
export function readSecret(value: unknown, isBase64: unknown): string | null {
  const given = typeof value === 'object' && value !== null ? JSON.stringify(value) : value
  const text = readers.text('jwt-secret', given)
  if (text === null) return null
  const secret = text.trimStart().startsWith('{') ? fromJwk(text) : plain(text, isBase64)
  if (secret.length < 32) throw new ConfigInvalid('jwt-secret: at least 32 characters')
  return secret
}

function plain(text: string, isBase64: unknown): string {
  if (readers.flag('jwt-secret-is-base64', isBase64) !== true) return text
  return toText(text.replaceAll('-', '+').replaceAll('_', '/'))
}

function fromJwk(text: string): string {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new ConfigInvalid('jwt-secret: looks like a JWK but is not JSON')
  }
  const keys: unknown[] = isRecord(value) && Array.isArray(value.keys) ? value.keys : [value]
  const [only] = keys
  if (keys.length !== 1 || !isRecord(only) || only.kty !== 'oct' || typeof only.k !== 'string')
    throw new ConfigInvalid('jwt-secret: only one symmetric key (kty "oct", HS256) is supported')
  return toText(only.k.replaceAll('-', '+').replaceAll('_', '/'))
}

/** The document keeps secrets as text: bytes that are no text cannot be carried. */
function toText(base64: string): string {
  const bytes = Buffer.from(base64, 'base64')
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new ConfigInvalid('jwt-secret: the decoded bytes are no UTF-8 text')
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
