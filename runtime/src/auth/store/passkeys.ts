/** Passkeys and the challenges of their ceremonies, as rows. */
import type { Db, Json } from './rows.ts'

export type PasskeyRow = {
  id: string
  user_id: string
  credential_id: Buffer
  public_key: Buffer
  aaguid: string | null
  /** A bigint. */
  sign_count: string
  transports: string[]
  backup_eligible: boolean
  backed_up: boolean
  friendly_name: string
  created_at: Date
  last_used_at: Date | null
}

export type NewPasskey = Pick<
  PasskeyRow,
  'user_id' | 'credential_id' | 'public_key' | 'aaguid' | 'transports' | 'backup_eligible' | 'backed_up'
> & { attestationType: string; counter: number; at: Date }

/** @returns undefined when the credential is registered already, by whomever. */
export async function insertPasskey(db: Db, made: NewPasskey): Promise<PasskeyRow | undefined> {
  const { at, counter } = made
  const [row] = await db<PasskeyRow[]>`
    insert into auth.webauthn_credentials (user_id, credential_id, public_key, attestation_type, aaguid, sign_count,
      transports, backup_eligible, backed_up, created_at, updated_at)
    values (${made.user_id}, ${made.credential_id}, ${made.public_key}, ${made.attestationType}, ${made.aaguid},
      ${counter}, ${db.json(made.transports)}, ${made.backup_eligible}, ${made.backed_up}, ${at}, ${at})
    on conflict (credential_id) do nothing returning *`
  return row
}

export async function listPasskeys(db: Db, userId: string): Promise<PasskeyRow[]> {
  return db<PasskeyRow[]>`
    select * from auth.webauthn_credentials where user_id = ${userId} order by created_at`
}

/** Locked: of two signatures with one counter, one is the later. */
export async function lockPasskey(db: Db, credentialId: Buffer): Promise<PasskeyRow | undefined> {
  const [row] = await db<PasskeyRow[]>`
    select * from auth.webauthn_credentials where credential_id = ${credentialId} for update`
  return row
}

type Own = { id: string; userId: string }

export async function renamePasskey(
  db: Db,
  { id, userId }: Own,
  { name, at }: { name: string; at: Date },
): Promise<PasskeyRow | undefined> {
  const [row] = await db<PasskeyRow[]>`
    update auth.webauthn_credentials set friendly_name = ${name}, updated_at = ${at}
    where id = ${id} and user_id = ${userId} returning *`
  return row
}

/** @returns whether it was there. */
export async function deletePasskey(db: Db, { id, userId }: Own): Promise<boolean> {
  return (await db`delete from auth.webauthn_credentials where id = ${id} and user_id = ${userId}`).count > 0
}

export async function usePasskey(
  db: Db,
  id: string,
  { counter, isBackedUp, at }: { counter: number; isBackedUp: boolean; at: Date },
): Promise<void> {
  await db`
    update auth.webauthn_credentials
    set sign_count = ${counter}, backed_up = ${isBackedUp}, last_used_at = ${at}, updated_at = ${at}
    where id = ${id}`
}

export type CeremonyRow = { id: string; session_data: Json; expires_at: Date }
export type CeremonyKind = 'registration' | 'authentication'

/** Those that ran out go: nobody answers most of them. */
export async function insertCeremony(
  db: Db,
  made: { kind: CeremonyKind; userId: string | null; session: Json; at: Date; expiresAt: Date },
): Promise<string> {
  const { kind, userId, session, at, expiresAt } = made
  // Of whomever they are, and so in nobody's order: what somebody else has in hand stays until the next time.
  await db`
    delete from auth.webauthn_challenges where id in (
      select id from auth.webauthn_challenges where expires_at < ${new Date(at.getTime() - GRACE_MS)}
      for update skip locked)`
  const [row] = await db<{ id: string }[]>`
    insert into auth.webauthn_challenges (challenge_type, user_id, session_data, created_at, expires_at)
    values (${kind}, ${userId}, ${db.json(session as never)}, ${at}, ${expiresAt}) returning id`
  if (!row) throw new Error('an insert returned no row')
  return row.id
}

/** For so long an answer that comes too late is told so. */
const GRACE_MS = 3_600_000

/** Gone with that: no answer counts twice. */
export async function takeCeremony(
  db: Db,
  { id, kind, userId }: { id: string; kind: CeremonyKind; userId: string | null },
): Promise<CeremonyRow | undefined> {
  const [row] = await db<CeremonyRow[]>`
    delete from auth.webauthn_challenges
    where id = ${id} and challenge_type = ${kind} and user_id is not distinct from ${userId}::uuid
    returning id, session_data, expires_at`
  return row
}
