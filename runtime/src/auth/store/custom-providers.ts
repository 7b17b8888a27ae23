/** Providers that the holder of the service key added, as rows. */
import type { Db, Json } from './rows.ts'

export type CustomProviderRow = {
  id: string
  provider_type: 'oauth2' | 'oidc'
  /** `custom:acme` */
  identifier: string
  name: string
  client_id: string
  /** Sealed; as it is in rows of a dump. */
  client_secret: string
  acceptable_client_ids: string[]
  scopes: string[]
  pkce_enabled: boolean
  attribute_mapping: Json
  authorization_params: Readonly<Record<string, string>>
  custom_claims_allowlist: string[]
  enabled: boolean
  email_optional: boolean
  issuer: string | null
  discovery_url: string | null
  skip_nonce_check: boolean
  cached_discovery: Json | null
  discovery_cached_at: Date | null
  authorization_url: string | null
  token_url: string | null
  userinfo_url: string | null
  jwks_uri: string | null
  created_at: Date
  updated_at: Date
}

const LISTS = new Set(['acceptable_client_ids', 'scopes', 'custom_claims_allowlist'])
const DOCUMENTS = new Set(['attribute_mapping', 'authorization_params', 'cached_discovery'])

/** Lists and documents as the driver wants to be told them. */
const written = (db: Db, row: object) =>
  Object.fromEntries(
    Object.entries(row).map(([column, value]) => {
      if (LISTS.has(column)) return [column, db.array(value)]
      return [column, DOCUMENTS.has(column) && value !== null ? db.json(value) : value]
    }),
  )

export type NewCustomProvider = Omit<CustomProviderRow, 'updated_at'>

/** @returns undefined when there is one by that name. */
export async function insertCustomProvider(
  db: Db,
  made: NewCustomProvider,
): Promise<CustomProviderRow | undefined> {
  const row = written(db, { ...made, updated_at: made.created_at })
  const [provider] = await db<CustomProviderRow[]>`
    insert into auth.custom_oauth_providers ${db(row as never)}
    on conflict (identifier) do nothing returning *`
  return provider
}

export async function findCustomProvider(db: Db, identifier: string): Promise<CustomProviderRow | undefined> {
  const [row] = await db<CustomProviderRow[]>`
    select * from auth.custom_oauth_providers where identifier = ${identifier}`
  return row
}

export async function listCustomProviders(db: Db, type: string | null): Promise<CustomProviderRow[]> {
  return db<CustomProviderRow[]>`
    select * from auth.custom_oauth_providers
    where ${type}::text is null or provider_type = ${type} order by created_at, identifier`
}

export async function countCustomProviders(db: Db): Promise<number> {
  const [row] = await db<{ count: number }[]>`
    select count(*)::int as count from auth.custom_oauth_providers`
  return row?.count ?? 0
}

export type CustomProviderChange = Partial<
  Omit<CustomProviderRow, 'id' | 'provider_type' | 'identifier' | 'created_at' | 'updated_at'>
>

export async function updateCustomProvider(
  db: Db,
  id: string,
  change: CustomProviderChange & { updated_at: Date },
): Promise<CustomProviderRow | undefined> {
  const [row] = await db<CustomProviderRow[]>`
    update auth.custom_oauth_providers set ${db(written(db, change) as never)} where id = ${id} returning *`
  return row
}

/** The same secret, sealed anew; unless it was changed meanwhile. */
export async function resealCustomProvider(
  db: Db,
  id: string,
  { before, sealed }: { before: string; sealed: string },
): Promise<void> {
  await db`
    update auth.custom_oauth_providers set client_secret = ${sealed}
    where id = ${id} and client_secret = ${before}`
}

/** @returns whether it was there. */
export async function deleteCustomProvider(db: Db, identifier: string): Promise<boolean> {
  return (await db`delete from auth.custom_oauth_providers where identifier = ${identifier}`).count > 0
}
