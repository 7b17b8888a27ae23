/**
 * What comes of a lock: it is written to the audit log, its owner is told, and it ends sooner when an admin or whoever
 * reads the owner's mail says so.
 *
 * All of it comes after the answer, so that nobody learns from the time it takes whether there is an owner.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { isUuid } from './access.ts'
import { type Context, nowOf } from './context.ts'
import type { Lock } from './lockout/lockout.ts'
import { sendNotice } from './notices.ts'
import { type AuthRequest, addressOf } from './request.ts'
import { insertAudit } from './store/audit.ts'
import type { Db, UserRow } from './store/rows.ts'
import { findUser, findUserByEmail, findUserByPhone } from './store/users.ts'

/** Second factors are counted apart: who knows the password must not clear their count with it. */
export const factorAccount = (userId: string): string => `mfa:${userId}`

const NOBODY = { id: '00000000-0000-0000-0000-000000000000', email: null, phone: null }

/** A lock that lasts for less is over before many a mail arrives; of a series only the first one is told of. */
const TOLD_FROM_MS = 3_600_000

export function tellOfLock(context: Context, lock: Lock): void {
  const { scope, key, untilMs, locks } = lock
  context.logger.warn({ scope, key, untilMs, locks }, 'locked')
  recordLock(context, lock).catch((err: unknown) => context.logger.error({ err }, 'a lock was not recorded'))
}

async function recordLock(context: Context, lock: Lock): Promise<void> {
  const { scope, key, untilMs, locks, address } = lock
  const sql = await context.sql()
  const at = nowOf(context)
  const user = scope === 'account' ? await ownerOf(sql, lock.account) : undefined
  const traits = {
    ...{ scope, locks, locked_until: new Date(untilMs).toISOString() },
    // Of whom nobody owns no more than the digest: what was typed may have been a password.
    ...(scope === 'account' && !user ? { account: key } : {}),
  }
  await insertAudit(sql, { action: 'account_locked', actor: user ?? NOBODY, at, ip: address, traits })
  if (!user || (locks > 1 && untilMs - at.getTime() < TOLD_FROM_MS)) return
  // A mailbox is no second factor: of those only time and an admin unlock.
  const link = lock.account.startsWith(factorAccount('')) ? {} : { link: linkOf(context, user.id, untilMs) }
  sendNotice(context, { kind: 'account_locked', user, ...link })
}

async function ownerOf(db: Db, account: string): Promise<UserRow | undefined> {
  const mark = factorAccount('')
  const id = account.startsWith(mark) ? account.slice(mark.length) : undefined
  if (id !== undefined) return isUuid(id) ? findUser(db, id) : undefined
  return account.includes('@') ? findUserByEmail(db, account) : findUserByPhone(db, account)
}

/** Bound to one lock: it opens no later one, and is worth nothing once that has ended. */
function linkOf(context: Context, userId: string, untilMs: number): string {
  const { project } = context
  const token = `${userId}.${untilMs}.${macOf(project.jwtSecret(), userId, untilMs)}`
  return `${project.url()}/auth/v1/unlock?${new URLSearchParams({ token })}`
}

const macOf = (secret: string, userId: string, untilMs: number): string =>
  createHmac('sha256', `unlock ${secret}`).update(`${userId} ${untilMs}`).digest('base64url')

/** @returns whether the lock it is bound to was there and has ended. */
export async function unlockByLink(context: Context, token: string, request: AuthRequest): Promise<boolean> {
  const [userId = '', until = '', mac = ''] = token.split('.')
  const wanted = Buffer.from(macOf(context.project.jwtSecret(), userId, Number(until)))
  const given = Buffer.from(mac)
  if (!isUuid(userId) || wanted.length !== given.length || !timingSafeEqual(wanted, given)) return false
  const sql = await context.sql()
  const user = await findUser(sql, userId)
  if (!user) return false
  const lifted = await Promise.all(
    namesOf(user).map((account) => context.lockout.lift(account, Number(until))),
  )
  if (!lifted.includes(true)) return false
  await recordUnlock(context, sql, { user, by: 'link', request })
  return true
}

/** Whoever has just proven to read what is sent to this user is nobody who guesses. */
export async function unlockProven(context: Context, user: UserRow, request: AuthRequest): Promise<void> {
  const unlocked = await Promise.all(namesOf(user).map((account) => context.lockout.unlock(account)))
  if (unlocked.includes(true))
    await recordUnlock(context, await context.sql(), { user, by: 'proof', request })
}

/** All of it, second factors too. */
export async function unlockByAdmin(context: Context, db: Db, order: Omit<Unlocking, 'by'>): Promise<void> {
  const names = [...namesOf(order.user), factorAccount(order.user.id)]
  await Promise.all(names.map((account) => context.lockout.unlock(account)))
  await recordUnlock(context, db, { ...order, by: 'admin' })
}

type Unlocking = { user: UserRow; by: 'admin' | 'link' | 'proof'; request: AuthRequest }

async function recordUnlock(context: Context, db: Db, { user, by, request }: Unlocking): Promise<void> {
  const actor = { ...user, viaAdmin: by === 'admin' }
  const entry = { at: nowOf(context), ip: addressOf(request), traits: { by } }
  await insertAudit(db, { action: 'account_unlocked', actor, ...entry })
}

/** What may be typed to sign in as this user. */
const namesOf = ({ email, phone }: UserRow): string[] => [email, phone].flatMap((name) => name || [])
