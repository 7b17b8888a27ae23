/** Codes: digests of them, and whether what is shown fits what was asked (RFC 7636, 4.6). */
import { createHash, timingSafeEqual } from 'node:crypto'
import { s256 } from '../secrets.ts'

export const digestCode = (code: string): string =>
  `sha256:${createHash('sha256').update(code).digest('base64url')}`

const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/

export function fitsChallenge(verifier: string | undefined, challenge: string | null): boolean {
  if (verifier === undefined || challenge === null || !VERIFIER.test(verifier)) return false
  const [shown, wanted] = [Buffer.from(s256(verifier)), Buffer.from(challenge)]
  return shown.length === wanted.length && timingSafeEqual(shown, wanted)
}
