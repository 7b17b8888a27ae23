/** What `cascata auth users` sends and shows. */

import { isTree } from '@cascata/shared/auth/tree'
import type { AuthUser, ChangeAuthUser } from '@cascata/shared/contract/auth-users'
import { usage } from './failure.ts'
import { readSecretFile } from './secrets.ts'

export type UserOptions = {
  email?: string
  phone?: string
  passwordFile?: string
  passwordHashFile?: string
  confirm?: true
  metadata?: string
  appMetadata?: string
  role?: string
}

/** `confirm` is of what is given with it; alone, of both: what the user has not cannot be confirmed. */
export async function wishOf(options: UserOptions): Promise<ChangeAuthUser> {
  const { email, phone, passwordFile, passwordHashFile, confirm, metadata, appMetadata, role } = options
  const isAlone = email === undefined && phone === undefined
  return {
    ...(email !== undefined && { email }),
    ...(phone !== undefined && { phone }),
    ...(passwordFile !== undefined && { password: await readSecretFile(passwordFile) }),
    ...(passwordHashFile !== undefined && { password_hash: await readSecretFile(passwordHashFile) }),
    ...(confirm && (isAlone || email !== undefined) && { email_confirm: true }),
    ...(confirm && phone !== undefined && { phone_confirm: true }),
    ...(metadata !== undefined && { user_metadata: objectIn('--metadata', metadata) }),
    ...(appMetadata !== undefined && { app_metadata: objectIn('--app-metadata', appMetadata) }),
    ...(role !== undefined && { role }),
  }
}

/** @throws a usage failure that names the option and not what stands in it. */
export function objectIn(option: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (!isTree(value)) throw usage(`${option} takes a JSON object`, `For example: ${option} '{"name":"Ada"}'`)
  return value
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i
export const isUserId = (text: string): boolean => UUID.test(text)

/** As numbers are stored: digits alone. */
const digits = (text: string): string => text.replace(/^\+|[\s()-]/g, '')

/** What a filter has to hold to find that user. */
export const needleOf = (who: string): string => (/^[+\d\s()-]+$/.test(who) ? digits(who) : who)

/** Of those that a filter found, the one that is meant: its whole address or number, in any letters. */
export const meant = (users: readonly AuthUser[], who: string): AuthUser | undefined =>
  users.find(
    ({ email, phone }) =>
      email.toLowerCase() === who.toLowerCase() || (phone !== '' && phone === digits(who)),
  )

export function stateOf({ banned_until, deleted_at, ...user }: AuthUser, now: number): string {
  if (deleted_at !== undefined) return 'deleted'
  if (banned_until !== undefined && Date.parse(banned_until) > now) return 'banned'
  if (user.is_anonymous) return 'anonymous'
  return (user.email_confirmed_at ?? user.phone_confirmed_at) ? 'confirmed' : 'unconfirmed'
}

export const USER_HEAD = ['ID', 'EMAIL', 'PHONE', 'STATE', 'CREATED', 'LAST SIGN-IN']
export const userRow = (user: AuthUser, now: number): unknown[] => [
  user.id,
  user.email || null,
  user.phone || null,
  stateOf(user, now),
  user.created_at,
  user.last_sign_in_at,
]
