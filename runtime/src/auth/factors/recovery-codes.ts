/**
 * Codes for the day the authenticator is lost. Shown once, stored as SHA-256: at 80 random bits each there is nothing
 * to guess, with or without a slow hash.
 */
import { createHash, randomBytes } from 'node:crypto'
import { toBase32 } from './base32.ts'

const CODES = 10
const CODE_BYTES = 10

/** @returns codes to show now and never again, and the hashes to store in their place */
export function createRecoveryCodes(): { codes: string[]; hashes: string[] } {
  const codes = Array.from({ length: CODES }, () => readable(toBase32(randomBytes(CODE_BYTES))))
  return { codes, hashes: codes.map(recoveryCodeHash) }
}

/** A store removes this hash in one statement and asks whether it was there: that is what makes a code good once. */
export const recoveryCodeHash = (code: string): string =>
  createHash('sha256').update(plain(code)).digest('hex')

/** @returns the hashes that are left; null when it is none of them */
export function spendRecoveryCode(code: string, hashes: readonly string[]): string[] | null {
  const spent = recoveryCodeHash(code)
  // Hashes of unguessable codes may be compared plainly: what could be timed is of the hash, not of the code.
  return hashes.includes(spent) ? hashes.filter((hash) => hash !== spent) : null
}

/** `abcd-efgh-ijkl-mnop` */
const readable = (code: string): string => (code.toLowerCase().match(/.{4}/g) ?? []).join('-')

const plain = (code: string): string => code.toLowerCase().replace(/[\s-]/g, '')
