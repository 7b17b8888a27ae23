/**
 * What second factors keep secret, encrypted where it is stored: with AES-256-GCM, under a key that follows from the
 * project's JWT secret. A backup of the database alone makes no codes. Bound to the row it stands in, so that one
 * user's secret put into another's row opens nothing.
 *
 * A project's keys may be changed: what was sealed under a secret of before still opens, and is sealed anew when it does.
 * What has no mark came with a dump, and is the secret itself.
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import type { Project } from '../context.ts'

const MARK = 'aes-256-gcm:'
const NONCE_BYTES = 12
const TAG_BYTES = 16

type Place = {
  project: Pick<Project, 'jwtSecret' | 'formerJwtSecrets'>
  /** Of the row. */
  id: string
}

const keyOf = (jwtSecret: string): Buffer =>
  Buffer.from(hkdfSync('sha256', jwtSecret, '', 'cascata second factors', 32))

export function seal(text: string, { project, id }: Place): string {
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', keyOf(project.jwtSecret()), nonce).setAAD(Buffer.from(id))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
  return `${MARK}${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`
}

export type Unsealed = {
  text: string
  /** It should be sealed anew. */
  isStale: boolean
}

/** @returns undefined when it was sealed elsewhere: under another JWT secret, for another row. */
export function unseal(stored: string, { project, id }: Place): Unsealed | undefined {
  if (!stored.startsWith(MARK)) return { text: stored, isStale: true }
  const bytes = Buffer.from(stored.slice(MARK.length), 'base64url')
  const current = opened(bytes, { jwtSecret: project.jwtSecret(), id })
  if (current !== undefined) return { text: current, isStale: false }
  for (const jwtSecret of project.formerJwtSecrets()) {
    const text = opened(bytes, { jwtSecret, id })
    if (text !== undefined) return { text, isStale: true }
  }
  return undefined
}

function opened(bytes: Buffer, { jwtSecret, id }: { jwtSecret: string; id: string }): string | undefined {
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
  try {
    const decipher = createDecipheriv('aes-256-gcm', keyOf(jwtSecret), nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(Buffer.from(id)).setAuthTag(tag)
    const text = [decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]
    return Buffer.concat(text).toString('utf8')
  } catch {
    return undefined
  }
}
