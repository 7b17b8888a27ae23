/**
 * Time-based one-time codes (RFC 6238) as every authenticator app makes them: SHA-1, six digits, steps of 30 s. One
 * step before and after the present one is taken as well, for clocks that differ.
 *
 * A step is good once: the caller stores the one that was accepted with the factor, and gives it back here.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { fromBase32, toBase32 } from './base32.ts'

export const STEP_S = 30
const DIGITS = 6
const STEPS_AROUND = [0, -1, 1]

/** As long as the digest, which RFC 4226 recommends. */
const SECRET_BYTES = 20

/** In base32, for the store and the app. */
export const createTotpSecret = (): string => toBase32(randomBytes(SECRET_BYTES))

export type TotpAttempt = {
  /** base32 */
  secret: string
  code: string
  nowMs: number
  /** The step that was accepted last; null when none was yet. */
  lastStep: number | null
}

/** @returns the step to store when the code is right and its step was not used; null otherwise */
export function verifyTotp({ secret, code, nowMs, lastStep }: TotpAttempt): number | null {
  const key = fromBase32(secret)
  if (key === undefined || key.length === 0 || !/^\d{6}$/.test(code)) return null
  const present = Math.floor(nowMs / 1000 / STEP_S)
  const right = STEPS_AROUND.map((offset) => present + offset).filter((step) => isCodeOf(key, step, code))
  return right.find((step) => lastStep === null || step > lastStep) ?? null
}

function isCodeOf(key: Buffer, step: number, code: string): boolean {
  return step >= 0 && timingSafeEqual(Buffer.from(codeAt(key, step)), Buffer.from(code))
}

/** RFC 4226, section 5.3: four bytes of the digest, at an offset that its last half byte tells. */
export function codeAt(key: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(step))
  const digest = createHmac('sha1', key).update(counter).digest()
  const offset = digest.readUInt8(digest.length - 1) & 0x0f
  const number = digest.readUInt32BE(offset) & 0x7fff_ffff
  return String(number % 10 ** DIGITS).padStart(DIGITS, '0')
}

/** What an app reads from the QR code. A colon parts issuer and account: neither may have one. */
export function totpUri({
  secret,
  issuer,
  account,
}: {
  secret: string
  issuer: string
  account: string
}): string {
  const part = (text: string) => encodeURIComponent(text.replaceAll(':', ' ').trim())
  const settings = `algorithm=SHA1&digits=${DIGITS}&issuer=${part(issuer)}&period=${STEP_S}&secret=${secret}`
  return `otpauth://totp/${part(issuer)}:${part(account)}?${settings}`
}
