/**
 * Seals secrets for keeping: AES-256-GCM under the instance's master key, which lives in one file (0600) and is made
 * at the first start. A sealed text names its format and key and is bound to its purpose: moved to another row or
 * column it does not open.
 *
 * Format: `v1.<key id>.<base64url of nonce (12) | tag (16) | ciphertext>`.
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import { link, mkdir, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'

export type Seal = {
  seal(purpose: string, text: string): string
  open(purpose: string, sealed: string): string
  /** A password that follows from the key, for what need not be kept: of 43 characters. */
  passwordFor(purpose: string): string
}

const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

const binding = (purpose: string) => Buffer.from(`cascata.v1:${purpose}`)

export function sealWith(key: Buffer): Seal {
  if (key.length !== KEY_BYTES) throw new Error(`a master key has ${KEY_BYTES} bytes, this one ${key.length}`)
  const keyId = createHash('sha256').update('cascata.key-id').update(key).digest('hex').slice(0, 8)
  return {
    seal(purpose, text) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(binding(purpose))
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `v1.${keyId}.${Buffer.concat([nonce, cipher.getAuthTag(), sealed]).toString('base64url')}`
    },
    open(purpose, sealed) {
      const [version, id, body = ''] = sealed.split('.')
      if (version !== 'v1') throw new Error(`sealed for ${purpose} in a format this release does not know`)
      if (id !== keyId) throw new Error(`sealed for ${purpose} under the master key ${id}, ours is ${keyId}`)
      const bytes = Buffer.from(body, 'base64url')
      const nonce = bytes.subarray(0, NONCE_BYTES)
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES)
      const cipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
      cipher.setAAD(binding(purpose)).setAuthTag(tag)
      return cipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES), undefined, 'utf8') + cipher.final('utf8')
    },
    passwordFor: (purpose) =>
      Buffer.from(hkdfSync('sha256', key, '', `cascata.v1.password:${purpose}`, KEY_BYTES)).toString(
        'base64url',
      ),
  }
}

/** The seal of the key in `file`; made when absent, whole or not at all, and never overwritten. */
export async function openSeal(file: string): Promise<Seal> {
  const known = await readKey(file)
  if (known) return sealWith(known)
  await mkdir(dirname(file), { recursive: true })
  const fresh = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`
  await writeSynced(fresh, `${randomBytes(KEY_BYTES).toString('base64url')}\n`)
  // A link is refused where a file is: of two first starts one key wins, and it is complete.
  await link(fresh, file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error
  })
  await unlink(fresh)
  await syncDirectory(dirname(file))
  const key = await readKey(file)
  if (!key) throw new Error(`the master key ${file} went away while it was made`)
  return sealWith(key)
}

async function readKey(file: string): Promise<Buffer | undefined> {
  try {
    return Buffer.from((await readFile(file, 'utf8')).trim(), 'base64url')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

async function writeSynced(file: string, text: string): Promise<void> {
  const handle = await open(file, 'wx', 0o600)
  try {
    await handle.writeFile(text)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
