/** Makes hashes: argon2id by node:crypto, on libuv's threads, written as a PHC string. */
import { argon2, randomBytes } from 'node:crypto'
import type { ARGON2_COST } from './limits.ts'
import type { Argon2Hash } from './stored-hash.ts'

export type Argon2Cost = { readonly [Part in keyof typeof ARGON2_COST]: number }

const SALT_BYTES = 16
const DIGEST_BYTES = 32

export async function hashPassword(password: string, cost: Argon2Cost): Promise<string> {
  const salt = randomBytes(SALT_BYTES)
  const digest = await argon2Digest(password, {
    scheme: 'argon2id',
    ...cost,
    salt,
    digestBytes: DIGEST_BYTES,
  })
  const parameters = `m=${cost.memoryKiB},t=${cost.passes},p=${cost.lanes}`
  return `$argon2id$v=19$${parameters}$${unpadded(salt)}$${unpadded(digest)}`
}

export const argon2Digest = (
  password: string,
  {
    scheme,
    memoryKiB,
    passes,
    lanes,
    salt,
    digestBytes,
  }: Omit<Argon2Hash, 'digest'> & { digestBytes: number },
): Promise<Buffer> =>
  new Promise((settle, fail) =>
    argon2(
      scheme,
      {
        message: password,
        nonce: salt,
        memory: memoryKiB,
        passes,
        parallelism: lanes,
        tagLength: digestBytes,
      },
      (error, digest) => (error ? fail(error) : settle(digest)),
    ),
  )

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')
