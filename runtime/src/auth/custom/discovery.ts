/** How an OpenID Connect provider describes itself, read when it is added: what cannot be used is said at once. */
import type { Clock } from '@cascata/shared/clock'
import { ValidationFailed } from '../errors.ts'
import type { Reach } from '../outbound.ts'
import { reasonOf } from '../providers/providers.ts'
import { openServer } from '../providers/server.ts'

type Where = { issuer: string; discoveryUrl: string | null }

/** @returns GoTrue's names of what is there. @throws ValidationFailed */
export async function describeProvider(
  { issuer, discoveryUrl }: Where,
  { clock, signal, reach }: { clock: Clock; signal: AbortSignal; reach: Reach },
): Promise<Record<string, unknown>> {
  const endpoints = { issuer, reach, ...(discoveryUrl && { discovery: discoveryUrl }) }
  const described = await openServer(endpoints, clock)
    .metadata(signal)
    .catch((error: unknown) => {
      signal.throwIfAborted()
      throw ValidationFailed(`The provider's description cannot be used: ${reasonOf(error)}`)
    })
  const { authorization_endpoint: authorize, token_endpoint: token, jwks_uri: keys } = described
  for (const [name, place] of Object.entries({
    authorization_endpoint: authorize,
    token_endpoint: token,
    jwks_uri: keys,
  }))
    if (place === undefined || URL.parse(place)?.protocol !== 'https:')
      throw ValidationFailed(`The provider's description cannot be used: ${name} is not of https`)
  const told = {
    ...{ issuer: described.issuer, authorization_endpoint: authorize, token_endpoint: token, jwks_uri: keys },
    userinfo_endpoint: described.userinfo_endpoint,
    revocation_endpoint: described.revocation_endpoint,
    supported_scopes: described.scopes_supported,
    supported_response_types: described.response_types_supported,
    supported_subject_types: described.subject_types_supported,
    supported_id_token_signing_algs: described.id_token_signing_alg_values_supported,
  }
  return Object.fromEntries(Object.entries(told).filter(([, value]) => value !== undefined))
}
