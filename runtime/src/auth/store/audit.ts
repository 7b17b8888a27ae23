/** The audit log: what was done to whom, by whom, from where. Written in the transaction of what it tells. */
import { randomUUID } from 'node:crypto'
import type { Db, Json } from './rows.ts'

export type AuditAction =
  | 'login'
  | 'logout'
  | 'invite_accepted'
  | 'user_signedup'
  | 'user_invited'
  | 'user_deleted'
  | 'user_modified'
  | 'user_recovery_requested'
  | 'user_reauthenticate_requested'
  | 'user_confirmation_requested'
  | 'user_repeated_signup'
  | 'user_updated_password'
  | 'token_revoked'
  | 'token_refreshed'
  | 'identity_linked'
  | 'identity_unlinked'
  | 'factor_in_progress'
  | 'factor_unenrolled'
  | 'verification_attempted'
  | 'challenge_created'
  | 'factor_updated'
  | 'factor_deleted'
  | 'recovery_codes_generated'
  | 'passkey_created'
  | 'passkey_updated'
  | 'passkey_deleted'
  | 'account_locked'
  | 'oauth_consent_granted'
  | 'account_unlocked'

export type AuditEntry = {
  action: AuditAction
  actor: { id: string; email: string | null; phone: string | null; is_sso_user?: boolean; viaAdmin?: boolean }
  at: Date
  ip: string | null
  traits?: Json
}

const TYPES: Readonly<Partial<Record<AuditAction, string>>> = {
  login: 'account',
  logout: 'account',
  invite_accepted: 'account',
  user_signedup: 'team',
  user_invited: 'team',
  user_deleted: 'team',
  token_revoked: 'token',
  token_refreshed: 'token',
  account_locked: 'account',
  account_unlocked: 'account',
}

export async function insertAudit(db: Db, { action, actor, at, ip, traits }: AuditEntry): Promise<void> {
  const payload = {
    action,
    actor_id: actor.id,
    actor_username: actor.email ?? actor.phone ?? '',
    actor_via_sso: actor.is_sso_user ?? false,
    ...(actor.viaAdmin ? { actor_name: 'service_role' } : {}),
    log_type: TYPES[action] ?? 'user',
    ...(traits ? { traits } : {}),
  }
  await db`
    insert into auth.audit_log_entries (id, payload, created_at, ip_address)
    values (${randomUUID()}, ${db.json(payload as never)}, ${at}, ${ip ?? ''})`
}

export type AuditRow = { id: string; payload: Json; created_at: Date; ip_address: string }

/** Members of what is written that may be searched. */
export type AuditMember = 'actor_username' | 'actor_name' | 'action' | 'log_type'
export type AuditQuery = {
  page: number
  perPage: number
  /** Whatever has this text in one of these; null is everything. */
  wanted: { members: readonly AuditMember[]; text: string } | null
}

export async function listAudit(
  db: Db,
  { page, perPage, wanted }: AuditQuery,
): Promise<{ entries: AuditRow[]; total: number }> {
  const pattern = `%${wanted?.text.replaceAll(/[\\%_]/g, '\\$&') ?? ''}%`
  const where = (wanted?.members ?? [])
    .map((member) => db`payload ->> ${member} ilike ${pattern}`)
    .reduce((all, one) => db`${all} or ${one}`, wanted === null ? db`true` : db`false`)
  const [count] = await db<{ total: number }[]>`
    select count(*)::int as total from auth.audit_log_entries where ${where}`
  const entries = await db<AuditRow[]>`
    select id, payload, created_at, ip_address from auth.audit_log_entries where ${where}
    order by created_at desc, id limit ${perPage} offset ${(page - 1) * perPage}`
  return { entries, total: count?.total ?? 0 }
}
