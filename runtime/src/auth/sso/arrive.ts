/** Back from an identity provider: what was posted is judged against what began here, once. */
import { Problem } from '@cascata/shared/problem'
import { isUuid } from '../access.ts'
import { type Context, nowOf, siteUrlOf, within } from '../context.ts'
import { FlowStateNotFound, ValidationFailed } from '../errors.ts'
import { isStillLinked } from '../external.ts'
import { errorLocation, sessionLocation, withQuery } from '../locations.ts'
import type { AuthRequest } from '../request.ts'
import { redirectOf } from '../return-to.ts'
import type { Assertion } from '../saml/assertion.ts'
import { readMapping } from '../saml/mapping.ts'
import type { IdpMetadata } from '../saml/metadata.ts'
import { claimsOf, emailOf, mappedClaims, subjectOf } from '../saml/person.ts'
import { SamlRefused, UnknownKey } from '../saml/refused.ts'
import { claimedIssuer, decodeResponse, readResponse } from '../saml/response.ts'
import type { ServiceProvider } from '../saml/service-provider.ts'
import { sessionAfter } from '../sign-in.ts'
import { issueCode, lockFlow } from '../store/flow-states.ts'
import type { Db, UserRow } from '../store/rows.ts'
import {
  findSsoProvider,
  findSsoProviderByEntity,
  type SsoProviderRow,
  takeRelayState,
  useAssertion,
} from '../store/sso.ts'
import { providerName, type SsoPerson, ssoAccountOf, welcomeSso } from './account.ts'
import { ownServiceProvider, RELAY_STATE_MS, SAML_METHOD } from './depart.ts'
import {
  AssertionNoEmail,
  AssertionNoUserId,
  AssertionRefused,
  RelayStateExpired,
  RelayStateNotFound,
  SamlIdpNotFound,
  SsoProviderDisabled,
} from './errors.ts'

export type Posted = { response: string | null; relayState: string | null }

/** What it belongs to. */
type Beginning = {
  provider: SsoProviderRow
  /** Null when it began at the provider. */
  requestId: string | null
  flowId: string | null
  redirectTo: string
}

/** @throws SamlDisabled. @returns where the person goes on: with a session, a code, or what went wrong. */
export async function arriveSso(context: Context, posted: Posted, request: AuthRequest): Promise<string> {
  const own = ownServiceProvider(context)
  // Without a beginning of ours nobody knows where they came from: they are sent to the site.
  let location = siteUrlOf(context)
  try {
    const xml = decoded(posted.response)
    const began = await beginningOf(context, { relayState: posted.relayState, xml })
    location = redirectOf(context, request, began.redirectTo)
    if (began.provider.disabled) throw SsoProviderDisabled()
    const assertion = await judged(context, { xml, began, own })
    return await entered(context, { assertion, began, location, request })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.status >= 500) context.logger.error({ err: error.cause ?? error }, error.code)
    return errorLocation(location, error)
  }
}

/** @throws RelayStateNotFound, RelayStateExpired, SamlIdpNotFound, AssertionRefused */
async function beginningOf(
  context: Context,
  { relayState, xml }: { relayState: string | null; xml: string },
): Promise<Beginning> {
  if (!isUuid(relayState)) return beginningElsewhere(context, { relayState, xml })
  // Kept whatever becomes of the answer: nobody tries twice.
  const row = await within(context, (tx) => takeRelayState(tx, relayState))
  if (!row) throw RelayStateNotFound('This sign-in is not known, or has ended already.')
  if (context.clock.now() - row.created_at.getTime() > RELAY_STATE_MS) throw RelayStateExpired()
  const provider = await findSsoProvider(await context.sql(), row.sso_provider_id)
  if (!provider) throw SamlIdpNotFound()
  const { request_id: requestId, flow_state_id: flowId, redirect_to: redirectTo } = row
  return { provider, requestId, flowId, redirectTo: redirectTo ?? '' }
}

/** Anybody can be made to bring such an answer, for another's account too: so it is off unless asked for. */
async function beginningElsewhere(
  context: Context,
  { relayState, xml }: { relayState: string | null; xml: string },
): Promise<Beginning> {
  if (!context.project.settings().saml.idpInitiated)
    throw RelayStateNotFound('A sign-in that begins at the identity provider is not taken here.')
  const issuer = await claimedIssuer(xml).catch(refuse)
  const provider = await findSsoProviderByEntity(await context.sql(), issuer)
  if (!provider) throw SamlIdpNotFound()
  return { provider, requestId: null, flowId: null, redirectTo: relayState ?? '' }
}

type Judging = { xml: string; began: Beginning; own: ServiceProvider }

async function judged(context: Context, { xml, began, own }: Judging): Promise<Assertion> {
  const { provider, requestId } = began
  const { idpMetadatas } = context
  const db = await context.sql()
  const read = ({ certificates }: IdpMetadata) =>
    readResponse(xml, {
      ...{ certificates, issuer: provider.entity_id, audience: own.entityId, recipient: own.acsUrl },
      ...{ requestId, now: nowOf(context) },
    })
  return read(await idpMetadatas.of(db, provider)).catch(async (error: unknown) => {
    // It may have turned its keys since it was asked for them.
    const renewed = error instanceof UnknownKey ? await idpMetadatas.renewed(db, provider) : undefined
    return renewed ? read(renewed).catch(refuse) : refuse(error)
  })
}

type Entering = { assertion: Assertion; began: Beginning; location: string; request: AuthRequest }

async function entered(context: Context, entering: Entering): Promise<string> {
  const { assertion, began, location, request } = entering
  const person = personOf(entering)
  const welcomed = await welcomeSso(context, person)
  const at = nowOf(context)
  const settle = async (tx: Db): Promise<UserRow> => {
    const used = {
      providerId: began.provider.id,
      assertionId: assertion.id,
      until: assertion.usableUntil,
      at,
    }
    if (!(await useAssertion(tx, used))) throw AssertionRefused('it was used before')
    return ssoAccountOf(context, tx, { ...person, ...welcomed })
  }
  const { flowId } = began
  const notAfter = assertion.sessionEndsAt
  if (flowId !== null)
    return within(context, async (tx) =>
      codeLocation(context, tx, { flowId, user: await settle(tx), notAfter, location }),
    )
  const stillHolds = isStillLinked({ provider: person.provider, person })
  const signIn = { method: SAML_METHOD, request, notAfter, stillHolds } as const
  const session = await sessionAfter(context, signIn, settle)
  return sessionLocation(location, session)
}

type Coming = { flowId: string; user: UserRow; notAfter: Date | null; location: string }

async function codeLocation(context: Context, db: Db, coming: Coming): Promise<string> {
  const { flowId, user, notAfter, location } = coming
  const flow = await lockFlow(db, flowId)
  if (!flow) throw FlowStateNotFound()
  await issueCode(db, flow.id, { userId: user.id, at: nowOf(context), sessionNotAfter: notAfter })
  return withQuery(location, { code: flow.auth_code })
}

/** @throws AssertionNoUserId, AssertionNoEmail */
function personOf({ assertion, began, request }: Entering): SsoPerson {
  const { provider } = began
  const sub = subjectOf(assertion)
  if (sub === undefined) throw AssertionNoUserId()
  const mapped = mappedClaims(assertion, readMapping(provider.attribute_mapping))
  const email = emailOf(assertion, mapped)
  if (email === undefined) throw AssertionNoEmail()
  const claims = claimsOf(mapped, { issuer: provider.entity_id, sub, email })
  return { provider: providerName(provider.id), sub, email, claims, request }
}

function refuse(error: unknown): never {
  throw error instanceof SamlRefused ? AssertionRefused(error.message) : error
}

function decoded(response: string | null): string {
  if (response === null) throw ValidationFailed('SAMLResponse is missing')
  try {
    return decodeResponse(response)
  } catch (error) {
    return refuse(error)
  }
}
