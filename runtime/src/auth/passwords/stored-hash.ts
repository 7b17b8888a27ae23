/**
 * Reads a stored password hash: which function, which parameters, which bytes to expect. Pure, and strict: what is
 * read here decides how much memory and time a sign-in takes, and an empty digest would equal any other empty one.
 *
 * Forms: PHC strings (argon2, scrypt), modular crypt (bcrypt), and `$fbscrypt$` as GoTrue writes what Firebase exports.
 */
import { PasswordHashUnsupported } from './errors.ts'
import { BCRYPT_COST_MAX, HASH_LENGTH_MAX, VERIFY_MEMORY_KIB_MAX, VERIFY_WORK_KIB_MAX } from './limits.ts'

export type Argon2Hash = {
  scheme: 'argon2id' | 'argon2i'
  memoryKiB: number
  passes: number
  lanes: number
  salt: Buffer
  digest: Buffer
}
export type ScryptCost = { rounds: number; blockSize: number; lanes: number }
export type StoredHash =
  | Argon2Hash
  | { scheme: 'bcrypt'; text: string }
  | { scheme: 'scrypt'; cost: ScryptCost; salt: Buffer; digest: Buffer }
  | { scheme: 'fbscrypt'; cost: ScryptCost; salt: Buffer; signerKey: Buffer; digest: Buffer }

/** @throws PasswordHashUnsupported, which says why */
export function parseStoredHash(text: string): StoredHash {
  if (text.length > HASH_LENGTH_MAX)
    throw PasswordHashUnsupported(`it is longer than ${HASH_LENGTH_MAX} characters`)
  if (text.startsWith('$argon2')) return parseArgon2(text)
  if (text.startsWith('$scrypt$')) return parseScrypt(text)
  if (text.startsWith('$fbscrypt$')) return parseFirebase(text)
  return parseBcrypt(text)
}

const ARGON2 = /^\$(argon2id|argon2i)\$v=19\$m=(\d{1,9}),t=(\d{1,6}),p=(\d{1,3})\$([^$,]+)\$([^$,]+)$/

function parseArgon2(text: string): Argon2Hash {
  const [, scheme, memory, time, parallelism, salt = '', digest = ''] = ARGON2.exec(text) ?? []
  if (scheme !== 'argon2id' && scheme !== 'argon2i') throw malformed('argon2id or argon2i of version 19')
  const [memoryKiB, passes, lanes] = [Number(memory), Number(time), Number(parallelism)]
  if (passes < 1 || lanes < 1 || memoryKiB < 8 * lanes)
    throw PasswordHashUnsupported('argon2 has no such parameters')
  bounded(memoryKiB, memoryKiB * passes)
  return { scheme, memoryKiB, passes, lanes, salt: bytes(salt, 8), digest: bytes(digest, 12) }
}

const SCRYPT = /^\$scrypt\$ln=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})\$([^$,]+)\$([^$,]+)$/

function parseScrypt(text: string): StoredHash {
  const [whole, log2, r, p, salt = '', digest = ''] = SCRYPT.exec(text) ?? []
  if (whole === undefined) throw malformed('scrypt as $scrypt$ln=..,r=..,p=..$salt$hash')
  const cost = scryptCost({ log2: Number(log2), blockSize: Number(r), lanes: Number(p) })
  return { scheme: 'scrypt', cost, salt: bytes(salt, 1), digest: bytes(digest, 16) }
}

const FIREBASE =
  /^\$fbscrypt\$v=1,n=(\d{1,2}),r=(\d{1,3}),p=(\d{1,3})(?:,ss=([^$,]+))?,sk=([^$,]+)\$([^$,]+)\$([^$,]+)$/

function parseFirebase(text: string): StoredHash {
  const [whole, n, r, p, separator = '', key = '', salt = '', digest = ''] = FIREBASE.exec(text) ?? []
  if (whole === undefined)
    throw malformed('Firebase scrypt as $fbscrypt$v=1,n=..,r=..,p=..,ss=..,sk=..$salt$hash')
  const cost = scryptCost({ log2: Number(n), blockSize: Number(r), lanes: Number(p) })
  const salted = Buffer.concat([bytes(salt, 1), separator === '' ? Buffer.alloc(0) : bytes(separator, 1)])
  return { scheme: 'fbscrypt', cost, salt: salted, signerKey: bytes(key, 16), digest: bytes(digest, 16) }
}

const BCRYPT = /^\$2[aby]\$(\d{2})\$[./A-Za-z0-9]{53}$/

function parseBcrypt(text: string): StoredHash {
  const [, cost] = BCRYPT.exec(text) ?? []
  if (cost === undefined) throw PasswordHashUnsupported('it is none of a kind that is known here')
  if (Number(cost) < 4 || Number(cost) > BCRYPT_COST_MAX)
    throw PasswordHashUnsupported(`the cost of bcrypt is ${Number(cost)}, and may be 4 to ${BCRYPT_COST_MAX}`)
  return { scheme: 'bcrypt', text }
}

function scryptCost({
  log2,
  blockSize,
  lanes,
}: {
  log2: number
  blockSize: number
  lanes: number
}): ScryptCost {
  if (log2 < 1 || blockSize < 1 || lanes < 1) throw PasswordHashUnsupported('scrypt has no such parameters')
  const rounds = 2 ** log2
  const memoryKiB = (rounds * blockSize * 128) / 1024
  bounded(memoryKiB, memoryKiB * lanes)
  return { rounds, blockSize, lanes }
}

function bounded(memoryKiB: number, workKiB: number): void {
  if (memoryKiB > VERIFY_MEMORY_KIB_MAX)
    throw PasswordHashUnsupported(
      `it takes ${memoryKiB} KiB of memory, and may take ${VERIFY_MEMORY_KIB_MAX}`,
    )
  if (workKiB > VERIFY_WORK_KIB_MAX) throw PasswordHashUnsupported('it takes too long to verify')
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

function bytes(text: string, atLeast: number): Buffer {
  const read = Buffer.from(text, 'base64')
  if (!BASE64.test(text) || read.length < atLeast)
    throw PasswordHashUnsupported(`a part of it is no base64 of ${atLeast} bytes or more`)
  return read
}

const malformed = (expected: string) => PasswordHashUnsupported(`it is not ${expected}`)
