/** Checks a password against a hash that was read. All of it runs on libuv's threads, none on the event loop. */
import { createCipheriv, scrypt, timingSafeEqual } from 'node:crypto'
import { argon2Digest } from './hash.ts'
import type { ScryptCost, StoredHash } from './stored-hash.ts'

export async function matches(password: string, stored: StoredHash): Promise<boolean> {
  if (stored.scheme === 'bcrypt') {
    // Loaded by those who have imported users only.
    const { verify } = await import('@node-rs/bcrypt')
    return await verify(password, stored.text)
  }
  return equal(await digestOf(password, stored), stored.digest)
}

function digestOf(password: string, stored: Exclude<StoredHash, { scheme: 'bcrypt' }>): Promise<Buffer> {
  if (stored.scheme === 'scrypt')
    return scryptDigest(password, { ...stored, digestBytes: stored.digest.length })
  if (stored.scheme === 'fbscrypt') return firebaseDigest(password, stored)
  return argon2Digest(password, { ...stored, digestBytes: stored.digest.length })
}

/** Firebase encrypts the signer key of the project (AES-256-CTR, counter from zero) with what scrypt makes of the password. */
async function firebaseDigest(
  password: string,
  { cost, salt, signerKey }: Extract<StoredHash, { scheme: 'fbscrypt' }>,
): Promise<Buffer> {
  const key = await scryptDigest(password, { cost, salt, digestBytes: 32 })
  const cipher = createCipheriv('aes-256-ctr', key, Buffer.alloc(16))
  return Buffer.concat([cipher.update(signerKey), cipher.final()])
}

const scryptDigest = (
  password: string,
  { cost, salt, digestBytes }: { cost: ScryptCost; salt: Buffer; digestBytes: number },
): Promise<Buffer> =>
  new Promise((settle, fail) => {
    const { rounds, blockSize, lanes } = cost
    // OpenSSL counts all it allocates, and node's own limit is half of what is allowed here.
    const maxmem = 128 * blockSize * (rounds + lanes + 2)
    scrypt(password, salt, digestBytes, { N: rounds, r: blockSize, p: lanes, maxmem }, (error, digest) =>
      error ? fail(error) : settle(digest),
    )
  })

const equal = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other)
