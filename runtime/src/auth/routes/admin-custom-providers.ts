/** `/admin/custom-providers`: providers that the holder of the service key adds, good for sign-ins at once. */
import { randomUUID } from 'node:crypto'
import { type Context, nowOf, reachOf, within } from '../context.ts'
import { describeProvider } from '../custom/discovery.ts'
import {
  CustomProviderExists,
  CustomProviderNotFound,
  CustomProvidersOff,
  TooManyCustomProviders,
} from '../custom/errors.ts'
import { Change, Creation, IDENTIFIER, scopesFor } from '../custom/parameters.ts'
import { sealSecret } from '../custom/secret.ts'
import { ValidationFailed } from '../errors.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, noContent, ok } from '../request.ts'
import type { CustomProviderChange, CustomProviderRow, NewCustomProvider } from '../store/custom-providers.ts'
import * as store from '../store/custom-providers.ts'
import { lockIdentifier } from '../store/users.ts'

/** @throws CustomProvidersOff */
function assertOn({ project }: Context): void {
  if (!project.settings().customProviders.enabled) throw CustomProvidersOff()
}

/** The secret stays inside. */
const viewOf = ({ client_secret: _, cached_discovery: discovery, ...row }: CustomProviderRow) => {
  const { discovery_cached_at: __, ...shown } = row
  const there = Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== null))
  return { ...there, ...(row.provider_type === 'oidc' && { discovery_document: discovery }) }
}

export async function getCustomProviders(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOn(context)
  const type = request.query.get('type') || null
  if (type !== null && type !== 'oauth2' && type !== 'oidc')
    throw ValidationFailed("type must be either 'oauth2' or 'oidc'")
  const rows = await store.listCustomProviders(await context.sql(), type)
  return ok({ providers: rows.map(viewOf) })
}

export async function postCustomProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOn(context)
  const made = await madeOf(context, bodyOf(request, Creation), request)
  const row = await within(context, async (tx) => {
    // Of two at once one is counted first.
    await lockIdentifier(tx, 'custom providers')
    const count = await store.countCustomProviders(tx)
    if (count >= context.project.settings().customProviders.max) throw TooManyCustomProviders()
    return store.insertCustomProvider(tx, made)
  })
  if (!row) throw CustomProviderExists()
  return { status: 201, json: viewOf(row) }
}

async function madeOf(context: Context, given: Creation, request: AuthRequest): Promise<NewCustomProvider> {
  const { project, clock } = context
  const id = randomUUID()
  const at = nowOf(context)
  const discoveryUrl = given.discovery_url || null
  const isOidc = given.provider_type === 'oidc'
  const cached = isOidc
    ? await describeProvider(
        { issuer: given.issuer, discoveryUrl },
        { clock, signal: request.signal, reach: reachOf({ project }) },
      )
    : null
  return {
    ...{ id, provider_type: given.provider_type, identifier: given.identifier, name: given.name },
    ...{ client_id: given.client_id, client_secret: sealSecret(given.client_secret, { project, id }) },
    acceptable_client_ids: given.acceptable_client_ids ?? [],
    scopes: scopesFor(given.provider_type, given.scopes ?? []),
    custom_claims_allowlist: given.custom_claims_allowlist ?? [],
    pkce_enabled: given.pkce_enabled ?? true,
    attribute_mapping: given.attribute_mapping ?? {},
    authorization_params: given.authorization_params ?? {},
    enabled: given.enabled ?? true,
    email_optional: given.email_optional ?? false,
    skip_nonce_check: given.skip_nonce_check ?? false,
    ...{ issuer: isOidc ? given.issuer : null, discovery_url: isOidc ? discoveryUrl : null },
    ...{ cached_discovery: cached, discovery_cached_at: cached === null ? null : at },
    authorization_url: isOidc ? null : given.authorization_url,
    token_url: isOidc ? null : given.token_url,
    userinfo_url: isOidc ? null : given.userinfo_url,
    jwks_uri: isOidc ? null : given.jwks_uri || null,
    created_at: at,
  }
}

/** @throws ValidationFailed, CustomProviderNotFound */
async function namedProvider(context: Context, { params }: AuthRequest): Promise<CustomProviderRow> {
  const [identifier = ''] = params
  if (!IDENTIFIER.test(identifier))
    throw ValidationFailed(`identifier must start with 'custom:' prefix, such as custom:my-company`)
  const row = await store.findCustomProvider(await context.sql(), identifier)
  if (!row) throw CustomProviderNotFound()
  return row
}

export async function getCustomProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOn(context)
  return ok(viewOf(await namedProvider(context, request)))
}

export async function putCustomProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOn(context)
  const given = bodyOf(request, Change)
  const row = await namedProvider(context, request)
  const change = await changeOf(context, { row, given }, request)
  const changed = await store.updateCustomProvider(await context.sql(), row.id, {
    ...change,
    updated_at: nowOf(context),
  })
  if (!changed) throw CustomProviderNotFound()
  return ok(viewOf(changed))
}

async function changeOf(
  context: Context,
  { row, given }: { row: CustomProviderRow; given: Change },
  request: AuthRequest,
): Promise<CustomProviderChange> {
  const { project, clock } = context
  const { client_secret: secret, scopes, issuer, discovery_url: discovery, jwks_uri: keys, ...rest } = given
  const { authorization_url, token_url, userinfo_url, ...plain } = rest
  const named = (members: object) =>
    Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== null))
  const common = {
    ...named(plain),
    ...(secret !== undefined && { client_secret: sealSecret(secret, { project, id: row.id }) }),
    ...(scopes && { scopes: scopesFor(row.provider_type, scopes) }),
  }
  if (row.provider_type === 'oauth2') {
    const endpoints = named({ authorization_url, token_url, userinfo_url })
    return { ...common, ...endpoints, ...(keys !== undefined && { jwks_uri: keys || null }) }
  }
  if (issuer === undefined && discovery === undefined) return common
  const place = {
    issuer: issuer ?? row.issuer ?? '',
    discoveryUrl: discovery === undefined ? row.discovery_url : discovery || null,
  }
  const cached_discovery = await describeProvider(place, {
    clock,
    signal: request.signal,
    reach: reachOf({ project }),
  })
  const where = { issuer: place.issuer, discovery_url: place.discoveryUrl }
  return { ...common, ...where, cached_discovery, discovery_cached_at: nowOf(context) }
}

/** Its users stay, and sign in in other ways. */
export async function deleteCustomProvider(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOn(context)
  const { identifier } = await namedProvider(context, request)
  if (!(await store.deleteCustomProvider(await context.sql(), identifier))) throw CustomProviderNotFound()
  return noContent
}
