/** Single sign-on, as rows: identity providers with their domains, sign-ins under way, assertions that were used. */
import { randomUUID } from 'node:crypto'
import type { Db, Json } from './rows.ts'

export type SsoProviderRow = {
  id: string
  resource_id: string | null
  disabled: boolean
  created_at: Date
  updated_at: Date
  entity_id: string
  metadata_xml: string
  metadata_url: string | null
  /** When the metadata was looked at last. */
  metadata_at: Date
  attribute_mapping: Json | null
  name_id_format: string | null
  domains: { domain: string; created_at: string; updated_at: string }[]
}

const selected = (db: Db) => db`
  select p.id, p.resource_id, coalesce(p.disabled, false) as disabled, p.created_at, p.updated_at,
    s.entity_id, s.metadata_xml, s.metadata_url, s.updated_at as metadata_at, s.attribute_mapping, s.name_id_format,
    coalesce(
      (select json_agg(json_build_object('domain', d.domain, 'created_at', d.created_at, 'updated_at', d.updated_at) order by d.domain)
       from auth.sso_domains d where d.sso_provider_id = p.id),
      '[]') as domains
  from auth.sso_providers p join auth.saml_providers s on s.sso_provider_id = p.id`

export async function findSsoProvider(db: Db, id: string): Promise<SsoProviderRow | undefined> {
  const [row] = await db<SsoProviderRow[]>`${selected(db)} where p.id = ${id}`
  return row
}

export async function findSsoProviderByResource(
  db: Db,
  resourceId: string,
): Promise<SsoProviderRow | undefined> {
  const [row] = await db<SsoProviderRow[]>`
    ${selected(db)} where lower(p.resource_id) = lower(${resourceId})`
  return row
}

export async function findSsoProviderByEntity(db: Db, entityId: string): Promise<SsoProviderRow | undefined> {
  const [row] = await db<SsoProviderRow[]>`${selected(db)} where s.entity_id = ${entityId}`
  return row
}

export async function findSsoProviderByDomain(db: Db, domain: string): Promise<SsoProviderRow | undefined> {
  const [row] = await db<SsoProviderRow[]>`
    ${selected(db)} where exists (
      select from auth.sso_domains d where d.sso_provider_id = p.id and lower(d.domain) = lower(${domain}))`
  return row
}

/** @param resource all when absent. */
export async function listSsoProviders(
  db: Db,
  { is, beginsWith }: { is: string | null; beginsWith: string | null },
): Promise<SsoProviderRow[]> {
  const pattern = beginsWith === null ? null : `${beginsWith.replaceAll(/[\\%_]/g, '\\$&')}%`
  return db<SsoProviderRow[]>`
    ${selected(db)}
    where (${is}::text is null or p.resource_id = ${is}::text)
      and (${pattern}::text is null or p.resource_id like ${pattern}::text)
    order by p.created_at, p.id`
}

export type SsoProviderWish = {
  resourceId: string | null
  disabled: boolean
  entityId: string
  metadataXml: string
  metadataUrl: string | null
  attributeMapping: Json
  nameIdFormat: string | null
  domains: readonly string[]
}

export async function insertSsoProvider(db: Db, wish: SsoProviderWish, at: Date): Promise<string> {
  const id = randomUUID()
  await db`
    insert into auth.sso_providers (id, resource_id, disabled, created_at, updated_at)
    values (${id}, ${wish.resourceId}, ${wish.disabled}, ${at}, ${at})`
  await db`
    insert into auth.saml_providers
      (id, sso_provider_id, entity_id, metadata_xml, metadata_url, attribute_mapping, name_id_format, created_at, updated_at)
    values (${randomUUID()}, ${id}, ${wish.entityId}, ${wish.metadataXml}, ${wish.metadataUrl},
      ${db.json(wish.attributeMapping as never)}, ${wish.nameIdFormat}, ${at}, ${at})`
  await putDomains(db, id, { domains: wish.domains, at })
  return id
}

/** Its entity id is its name: that stays. */
export async function updateSsoProvider(
  db: Db,
  id: string,
  { wish, at }: { wish: Omit<SsoProviderWish, 'entityId'>; at: Date },
): Promise<void> {
  await db`
    update auth.sso_providers
    set resource_id = ${wish.resourceId}, disabled = ${wish.disabled}, updated_at = ${at} where id = ${id}`
  await db`
    update auth.saml_providers
    set metadata_xml = ${wish.metadataXml}, metadata_url = ${wish.metadataUrl},
      attribute_mapping = ${db.json(wish.attributeMapping as never)}, name_id_format = ${wish.nameIdFormat}, updated_at = ${at}
    where sso_provider_id = ${id}`
  await putDomains(db, id, { domains: wish.domains, at })
}

async function putDomains(
  db: Db,
  id: string,
  { domains, at }: { domains: readonly string[]; at: Date },
): Promise<void> {
  await db`
    delete from auth.sso_domains where sso_provider_id = ${id} and not (lower(domain) = any(${[...domains]}::text[]))`
  for (const domain of domains)
    await db`
      insert into auth.sso_domains (id, sso_provider_id, domain, created_at, updated_at)
      values (${randomUUID()}, ${id}, ${domain}, ${at}, ${at}) on conflict do nothing`
}

export async function keepMetadata(
  db: Db,
  id: string,
  { xml, at }: { xml: string; at: Date },
): Promise<void> {
  await db`update auth.saml_providers set metadata_xml = ${xml}, updated_at = ${at} where sso_provider_id = ${id}`
}

/** Domains, metadata and sign-ins under way go with it. */
export async function deleteSsoProvider(db: Db, id: string): Promise<void> {
  await db`delete from auth.sso_providers where id = ${id}`
}

export type RelayStateRow = {
  id: string
  sso_provider_id: string
  request_id: string
  redirect_to: string | null
  flow_state_id: string | null
  created_at: Date
}

type NewRelayState = {
  providerId: string
  requestId: string
  redirectTo: string
  flowId: string | null
  at: Date
}

export async function insertRelayState(db: Db, made: NewRelayState): Promise<string> {
  const id = randomUUID()
  await db`
    insert into auth.saml_relay_states
      (id, sso_provider_id, request_id, redirect_to, flow_state_id, created_at, updated_at)
    values (${id}, ${made.providerId}, ${made.requestId}, ${made.redirectTo}, ${made.flowId}, ${made.at}, ${made.at})`
  return id
}

/** Taken: an answer counts once. */
export async function takeRelayState(db: Db, id: string): Promise<RelayStateRow | undefined> {
  const [row] = await db<RelayStateRow[]>`delete from auth.saml_relay_states where id = ${id} returning *`
  return row
}

export async function dropOldRelayStates(db: Db, before: Date): Promise<void> {
  await db`delete from auth.saml_relay_states where created_at < ${before}`
}

/** @returns false when it was used before. */
export async function useAssertion(
  db: Db,
  { providerId, assertionId, until, at }: { providerId: string; assertionId: string; until: Date; at: Date },
): Promise<boolean> {
  await db`delete from auth.saml_used_assertions where expires_at < ${at}`
  const used = await db`
    insert into auth.saml_used_assertions (sso_provider_id, assertion_id, expires_at)
    values (${providerId}, ${assertionId}, ${until}) on conflict do nothing`
  return used.count > 0
}
