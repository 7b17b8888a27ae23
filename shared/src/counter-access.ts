/**
 * Who a project's runtimes are in the instance's Redis, where they count together. Name and password follow from the
 * authenticator's password, so both sides know them and nobody stores them.
 */
import { createHash, createHmac } from 'node:crypto'

export type CounterAccess = {
  username: string
  /** Of 43 characters that mean nothing in a configuration. */
  password: string
  /** Of every key that this user may name. */
  prefix: string
}

/**
 * Another password is another name: Redis ends connections whose user is gone, while one with a new password keeps
 * those it has. What was counted under the old name is nobody's from then on, and runs out.
 */
export function counterAccess(ref: string, authenticatorPassword: string): CounterAccess {
  const password = createHmac('sha256', authenticatorPassword).update(`counters:${ref}`).digest('base64url')
  const mark = createHash('sha256').update(password).digest('hex').slice(0, 12)
  const username = `gate:${ref}:${mark}`
  return { username, password, prefix: `${username}:` }
}
