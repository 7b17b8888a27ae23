/** Bearer secrets: 256 random bits with a prefix that scanners of leaked secrets can know. Only the hash is kept. */
import { createHash, randomBytes } from 'node:crypto'

export const TOKEN_PREFIX = 'cst_'
export const CLAIM_PREFIX = 'ccl_'

export const newSecretToken = (prefix: string): string => prefix + randomBytes(32).toString('base64url')

export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')
