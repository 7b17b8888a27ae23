/**
 * Hashes and verifies passwords, one at a time unless told otherwise.
 *
 * New hashes are argon2id. Imported ones are verified as they are and reported `stale`, so that the caller stores a
 * new hash while it has the password. A hash that cannot be read verifies nothing, and takes as long as one that can.
 */
import { PasswordTooLong } from './errors.ts'
import { type Argon2Cost, hashPassword } from './hash.ts'
import { ARGON2_COST, AT_ONCE_MAX, BCRYPT_BYTES_MAX, PASSWORD_LENGTH_MAX, WAITING_MAX } from './limits.ts'
import { lowerPool } from './priority.ts'
import { createQueue, type QueueBounds } from './queue.ts'
import { parseStoredHash, type StoredHash } from './stored-hash.ts'
import { matches } from './verify.ts'

export type Passwords = {
  /**
   * argon2id, as a PHC string.
   * @throws TryLater (password-queue-full) when too many wait; PasswordTooLong
   */
  hash(password: string): Promise<string>
  /**
   * argon2, bcrypt ($2a, $2b, $2y), scrypt and Firebase scrypt. `stale`: it is right, and should be hashed anew.
   * @throws TryLater (password-queue-full)
   */
  verify(password: string, hash: string): Promise<{ ok: boolean; stale: boolean }>
  /** Takes as long as verifying would: for users that do not exist. @throws TryLater (password-queue-full) */
  pretend(password: string): Promise<void>
}

export type PasswordsOptions = {
  cost?: Argon2Cost
  bounds?: QueueBounds
  /** A stored hash cannot be read: for the log. The problem says why and holds nothing of the hash. */
  onUnreadable?: (problem: unknown) => void
}

const BOUNDS: QueueBounds = { atOnceMax: AT_ONCE_MAX, waitingMax: WAITING_MAX }

export function createPasswords(options: PasswordsOptions = {}): Passwords {
  const { cost = ARGON2_COST, bounds = BOUNDS, onUnreadable = () => {} } = options
  const queue = createQueue(bounds)
  let lowered: Promise<number> | undefined
  const run = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    lowered ??= lowerPool()
    await lowered
    return queue.run(work)
  }

  const pretend = async (password: string): Promise<void> => {
    if (!isTooLong(password)) await run(() => hashPassword(password, cost))
  }

  return {
    pretend,
    async hash(password) {
      if (isTooLong(password)) throw PasswordTooLong(PASSWORD_LENGTH_MAX)
      return await run(() => hashPassword(password, cost))
    },
    async verify(password, hash) {
      // No password that long was ever stored, whoever asks: nothing is told by refusing at once.
      if (isTooLong(password)) return NO
      const stored = read(hash, onUnreadable)
      if (stored === undefined) {
        await pretend(password)
        return NO
      }
      const ok = await run(() => matches(password, stored))
      return { ok, stale: ok && isStale(stored, { password, cost }) }
    },
  }
}

const NO = { ok: false, stale: false }

const isTooLong = (password: string): boolean => password.length > PASSWORD_LENGTH_MAX

function read(hash: string, onUnreadable: (problem: unknown) => void): StoredHash | undefined {
  try {
    return parseStoredHash(hash)
  } catch (problem) {
    onUnreadable(problem)
    return undefined
  }
}

function isStale(stored: StoredHash, { password, cost }: { password: string; cost: Argon2Cost }): boolean {
  if (stored.scheme === 'argon2id') return stored.memoryKiB < cost.memoryKiB || stored.passes < cost.passes
  // bcrypt never saw the rest of it: that may be mistyped, and must not become the password.
  if (stored.scheme === 'bcrypt') return Buffer.byteLength(password) <= BCRYPT_BYTES_MAX
  return true
}
