/** To an identity provider: whom a domain or an id names, and the way back. */
import { randomBytes } from 'node:crypto'
import { type Context, nowOf, within } from '../context.ts'
import { beginFlow, type Challenge } from '../flow.ts'
import { authnRequestUrl } from '../saml/authn-request.ts'
import { type ServiceProvider, serviceProviderOf } from '../saml/service-provider.ts'
import { dropOldRelayStates, insertRelayState, type SsoProviderRow } from '../store/sso.ts'
import { SamlDisabled, SamlNotSetUp, SsoProviderDisabled } from './errors.ts'

/** As `authentication_method` and `provider_type` of GoTrue's rows. */
export const SAML_METHOD = 'sso/saml'
export const RELAY_STATE_MS = 10 * 60_000
const REQUEST_ID_BYTES = 20

/** @throws SamlDisabled */
export function ownServiceProvider({ project }: Context): ServiceProvider {
  const { saml } = project.settings()
  if (!saml.enabled) throw SamlDisabled()
  return serviceProviderOf(saml, `${project.url()}/auth/v1`)
}

export type SsoDeparture = {
  provider: SsoProviderRow
  redirectTo: string
  challenge: Challenge | undefined
}

/** @throws SsoProviderDisabled, MetadataRunOut, SamlNotSetUp. @returns the provider's page. */
export async function departSso(
  context: Context,
  { provider, redirectTo, challenge }: SsoDeparture,
): Promise<string> {
  const own = ownServiceProvider(context)
  if (provider.disabled) throw SsoProviderDisabled()
  const metadata = await context.idpMetadatas.of(await context.sql(), provider)
  if (metadata.wantsSignedRequests && !own.key)
    throw SamlNotSetUp('the identity provider wants signed requests, and there is no saml.privateKey')
  const at = nowOf(context)
  const id = `id-${randomBytes(REQUEST_ID_BYTES).toString('hex')}`
  const relayState = await within(context, async (tx) => {
    await dropOldRelayStates(tx, new Date(at.getTime() - RELAY_STATE_MS))
    const flow = challenge
      ? await beginFlow(context, tx, { challenge, userId: null, provider: SAML_METHOD, method: SAML_METHOD })
      : null
    const began = { providerId: provider.id, requestId: id, redirectTo, flowId: flow?.id ?? null, at }
    return insertRelayState(tx, began)
  })
  const { signInUrl } = metadata
  return authnRequestUrl({ id, at, relayState, signInUrl, nameIdFormat: provider.name_id_format }, own)
}
