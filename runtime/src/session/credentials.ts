/**
 * Which credential of a request counts. Supabase's clients send the same key twice, as `apikey` and as Bearer;
 * a signed-in user's token comes as Bearer beside the key. The Bearer wins, unless it is an opaque key (`sb_`),
 * which is no token: then the `apikey` alone decides.
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import type { KeyRole } from '@cascata/shared/jwt'

export type Credential =
  | { kind: 'none' }
  /** Something that should be a JWT. */
  | { kind: 'token'; token: string }
  /** An opaque key of this project. */
  | { kind: 'key'; role: KeyRole }

export type Keys = { anon: string; serviceRole: string }

const NONE: Credential = { kind: 'none' }

export function readCredential(headers: IncomingHttpHeaders, keys: Keys | null): Credential {
  const bearer = bearerOf(headers.authorization)
  if (bearer !== undefined && !bearer.startsWith('sb_')) return { kind: 'token', token: bearer }
  const { apikey } = headers
  if (typeof apikey === 'string' && apikey !== '') return fromKey(apikey, keys)
  // Nothing but an opaque key where a token belongs: some clients know only one header.
  return bearer === undefined ? NONE : fromKey(bearer, keys)
}

/** The scheme is case-insensitive (RFC 7235); another scheme than Bearer is none of ours and counts as nothing. */
function bearerOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined
  if (authorization.length === 6) return authorization.toLowerCase() === 'bearer' ? '' : undefined
  if (authorization.charCodeAt(6) !== 32 || authorization.slice(0, 6).toLowerCase() !== 'bearer')
    return undefined
  return authorization.slice(7).trim()
}

function fromKey(key: string, keys: Keys | null): Credential {
  if (!key.startsWith('sb_') || !keys) return { kind: 'token', token: key }
  if (sameSecret(key, keys.serviceRole)) return { kind: 'key', role: 'service_role' }
  if (sameSecret(key, keys.anon)) return { kind: 'key', role: 'anon' }
  return { kind: 'token', token: key }
}

/** Digests have one length, so the time taken tells nothing of the key. */
const sameSecret = (given: string, known: string): boolean =>
  timingSafeEqual(hash('sha256', given, 'buffer'), hash('sha256', known, 'buffer'))
