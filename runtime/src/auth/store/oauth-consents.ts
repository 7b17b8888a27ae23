/** What users agreed to: one row for each application, taken back by a mark. */
import { randomUUID } from 'node:crypto'
import type { Db } from './rows.ts'

export type ConsentRow = { client_id: string; scopes: string; granted_at: Date }

export async function findConsent(
  db: Db,
  { userId, clientId }: { userId: string; clientId: string },
): Promise<ConsentRow | undefined> {
  const [row] = await db<ConsentRow[]>`
    select * from auth.oauth_consents
    where user_id = ${userId} and client_id = ${clientId} and revoked_at is null`
  return row
}

type Consent = { userId: string; clientId: string; scopes: string; at: Date }

export async function upsertConsent(db: Db, { userId, clientId, scopes, at }: Consent): Promise<void> {
  await db`
    insert into auth.oauth_consents (id, user_id, client_id, scopes, granted_at)
    values (${randomUUID()}, ${userId}, ${clientId}, ${scopes}, ${at})
    on conflict (user_id, client_id)
      do update set scopes = excluded.scopes, granted_at = excluded.granted_at, revoked_at = null`
}

/** @returns whether there was one. */
export async function revokeConsent(
  db: Db,
  { userId, clientId, at }: { userId: string; clientId: string; at: Date },
): Promise<boolean> {
  const gone = await db`
    update auth.oauth_consents set revoked_at = greatest(${at}::timestamptz, granted_at)
    where user_id = ${userId} and client_id = ${clientId} and revoked_at is null`
  return gone.count > 0
}

export async function revokeConsentsOfClient(db: Db, clientId: string, at: Date): Promise<void> {
  await db`
    update auth.oauth_consents set revoked_at = greatest(${at}::timestamptz, granted_at)
    where client_id = ${clientId} and revoked_at is null`
}

export type GrantRow = ConsentRow & {
  client_name: string | null
  client_uri: string | null
  logo_uri: string | null
}

const GRANTS_MAX = 500

export async function listGrants(db: Db, userId: string): Promise<GrantRow[]> {
  return db<GrantRow[]>`
    select consent.client_id, consent.scopes, consent.granted_at, client.client_name, client.client_uri, client.logo_uri
    from auth.oauth_consents consent join auth.oauth_clients client on client.id = consent.client_id
    where consent.user_id = ${userId} and consent.revoked_at is null and client.deleted_at is null
    order by consent.granted_at desc limit ${GRANTS_MAX}`
}
