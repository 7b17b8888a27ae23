/** From a row to what the code flow knows of a provider. Pure. */
import type { Reach } from '../outbound.ts'
import type { Definition } from '../providers/definition.ts'
import { CUSTOM_CLAIMS_BYTES_MAX } from '../providers/limits.ts'
import { type Json, type Person, toOidcPerson } from '../providers/person.ts'
import type { ProviderSettings } from '../providers/provider.ts'
import type { CustomProviderRow } from '../store/custom-providers.ts'

/** @param reach what the settings let the holder of the service key name. */
export function definitionOf(row: CustomProviderRow, reach: Reach): Definition {
  const flow = {
    ...{ scopes: row.scopes, authorizeParameters: row.authorization_params },
    ...(!row.pkce_enabled && { pkce: false as const }),
  }
  const read = (issuer: string, claims: Json): Person => personOf(row, issuer, claims)
  if (row.provider_type === 'oidc') {
    const { issuer, discovery_url: discovery } = row
    const endpoints = { issuer: issuer ?? '', reach, ...(discovery && { discovery }) }
    return {
      ...flow,
      endpoints: () => (issuer === null ? { missing: 'it has no issuer' } : endpoints),
      ...(row.skip_nonce_check && { nonce: false as const }),
      readClaims: read,
    }
  }
  const { authorization_url: authorize, token_url: token, userinfo_url: profile } = row
  return {
    ...flow,
    endpoints: () =>
      authorize === null || token === null || profile === null
        ? { missing: 'it lacks an endpoint' }
        : { issuer: new URL(authorize).origin, authorize, token, profile, reach },
    readProfile: read,
  }
}

export const settingsOf = (row: CustomProviderRow, secret: string): ProviderSettings => ({
  ...{ enabled: row.enabled, clientIds: [row.client_id, ...row.acceptable_client_ids], secret },
  ...{ url: null, skipNonceCheck: row.skip_nonce_check, scopes: [] },
})

/** GoTrue's names beside the standard's, as a mapping may have either. */
function personOf(row: CustomProviderRow, issuer: string, claims: Json): Person {
  const mapped = mappedBy(row.attribute_mapping, claims)
  const person = toOidcPerson(issuer, {
    ...mapped,
    name: mapped.name ?? mapped.full_name,
    picture: mapped.picture ?? mapped.avatar_url,
    preferred_username: mapped.preferred_username ?? mapped.user_name,
    phone_number: mapped.phone_number ?? mapped.phone,
  })
  return { ...person, custom: customOf(row.custom_claims_allowlist, claims) }
}

/** A text names a claim; anything else is the value itself. */
function mappedBy(mapping: Json, claims: Json): Json {
  const told = Object.entries(mapping).flatMap(([target, source]): [string, unknown][] => {
    if (typeof source !== 'string') return [[target, source]]
    return Object.hasOwn(claims, source) ? [[target, claims[source]]] : []
  })
  return { ...claims, ...Object.fromEntries(told) }
}

/** As they are, and only those that are named. */
function customOf(allowlist: readonly string[], claims: Json): Json | undefined {
  const kept = allowlist.filter((name) => Object.hasOwn(claims, name)).map((name) => [name, claims[name]])
  const custom = Object.fromEntries(kept)
  return JSON.stringify(custom).length > CUSTOM_CLAIMS_BYTES_MAX ? undefined : custom
}
