/** Secrets of applications: 256 random bits, of which a plain digest is kept, as GoTrue writes it. */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

export const makeClientSecret = (): string => randomBytes(32).toString('base64url')

export const digestClientSecret = (secret: string): string =>
  createHash('sha256').update(secret).digest('base64url')

export function isClientSecret(secret: string, digest: string | null): boolean {
  const [shown, known] = [Buffer.from(digestClientSecret(secret)), Buffer.from(digest ?? '')]
  return shown.length === known.length && timingSafeEqual(shown, known)
}
