/** Codes, tokens and the digests they are stored as. Digests are GoTrue's, so that rows of either can be read by both. */
import { createHash, createHmac, randomBytes, randomInt } from 'node:crypto'

export const makeOtp = (length: number): string =>
  Array.from({ length }, () => String(randomInt(10))).join('')

/** Of a code that was sent to an address or a number. */
export const digestOtp = (target: string, otp: string): string =>
  createHash('sha224').update(`${target}${otp}`).digest('hex')

const REFRESH_TOKEN_LENGTH = 24

export const makeRefreshToken = (): string =>
  randomBytes(REFRESH_TOKEN_LENGTH).toString('base64url').slice(0, REFRESH_TOKEN_LENGTH)

/**
 * A token's successor. It follows from the token, so a caller whose answer was lost gets the same one again though only
 * digests are stored.
 */
export const nextRefreshToken = (token: string, secret: string): string =>
  createHmac('sha256', `refresh token ${secret}`)
    .update(token)
    .digest('base64url')
    .slice(0, REFRESH_TOKEN_LENGTH)

/**
 * Its successor where a session is raised: the token itself is not at hand then, only as it is stored.
 * @param stored as `storedRefreshToken` has it.
 */
export const raisedRefreshToken = (stored: string, secret: string): string =>
  createHmac('sha256', `raised refresh token ${secret}`)
    .update(stored)
    .digest('base64url')
    .slice(0, REFRESH_TOKEN_LENGTH)

const DIGEST_MARK = 'sha256:'

export const storedRefreshToken = (token: string): string =>
  `${DIGEST_MARK}${createHash('sha256').update(token).digest('base64url')}`

/** How a token may stand in the table: as a digest, or as it is in rows of another GoTrue. A digest is no token. */
export const refreshTokenForms = (token: string): string[] =>
  token.startsWith(DIGEST_MARK) ? [] : [storedRefreshToken(token), token]

export const s256 = (text: string): string => createHash('sha256').update(text).digest('base64url')
