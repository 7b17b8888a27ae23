/** Applications that sign users in with this project, as rows. GoTrue writes lists with commas between. */
import { randomUUID } from 'node:crypto'
import type { Db } from './rows.ts'

export type ClientType = 'public' | 'confidential'
export type ClientAuthMethod = 'none' | 'client_secret_basic' | 'client_secret_post'

export type OAuthClientRow = {
  id: string
  client_secret_hash: string | null
  registration_type: 'dynamic' | 'manual'
  redirect_uris: string
  grant_types: string
  client_name: string | null
  client_uri: string | null
  logo_uri: string | null
  client_type: ClientType
  token_endpoint_auth_method: ClientAuthMethod
  created_at: Date
  updated_at: Date
}

export const listOf = (text: string): string[] => text.split(',').filter((each) => each !== '')

export type NewClient = Omit<OAuthClientRow, 'id' | 'created_at' | 'updated_at'> & { at: Date }

export async function insertClient(db: Db, { at, ...made }: NewClient): Promise<OAuthClientRow> {
  const row = { id: randomUUID(), ...made, created_at: at, updated_at: at }
  const [client] = await db<OAuthClientRow[]>`insert into auth.oauth_clients ${db(row as never)} returning *`
  if (!client) throw new Error('an insert returned no row')
  return client
}

export async function findClient(db: Db, id: string): Promise<OAuthClientRow | undefined> {
  const [row] = await db<OAuthClientRow[]>`
    select * from auth.oauth_clients where id = ${id} and deleted_at is null`
  return row
}

export async function listClients(
  db: Db,
  { page, perPage }: { page: number; perPage: number },
): Promise<{ clients: OAuthClientRow[]; total: number }> {
  const [count] = await db<{ total: number }[]>`
    select count(*)::int as total from auth.oauth_clients where deleted_at is null`
  const clients = await db<OAuthClientRow[]>`
    select * from auth.oauth_clients where deleted_at is null
    order by created_at desc, id limit ${perPage} offset ${(page - 1) * perPage}`
  return { clients, total: count?.total ?? 0 }
}

export type ClientChange = Partial<
  Pick<
    OAuthClientRow,
    | 'client_secret_hash'
    | 'redirect_uris'
    | 'grant_types'
    | 'client_name'
    | 'client_uri'
    | 'logo_uri'
    | 'token_endpoint_auth_method'
  >
>

export async function updateClient(
  db: Db,
  id: string,
  change: ClientChange & { updated_at: Date },
): Promise<OAuthClientRow | undefined> {
  const [row] = await db<OAuthClientRow[]>`
    update auth.oauth_clients set ${db(change as never)}
    where id = ${id} and deleted_at is null returning *`
  return row
}

/** As GoTrue: the row stays, and counts no more. */
export async function markClientDeleted(db: Db, id: string, at: Date): Promise<void> {
  await db`update auth.oauth_clients set deleted_at = ${at}, updated_at = ${at} where id = ${id}`
}

/** Of those that registered themselves: how many there are. Those that nobody ever agreed to go when they are old. */
export async function countDynamicClients(db: Db, staleBefore: Date): Promise<number> {
  await db`
    delete from auth.oauth_clients client
    where registration_type = 'dynamic' and created_at < ${staleBefore}
      and not exists (select from auth.oauth_consents where client_id = client.id)`
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from auth.oauth_clients
    where registration_type = 'dynamic' and deleted_at is null`
  return row?.count ?? 0
}
