/** Through a provider and back. What comes back names the flow it began with, once and for ten minutes. */
import { createHmac, randomBytes } from 'node:crypto'
import { Problem } from '@cascata/shared/problem'
import { isUuid } from './access.ts'
import { type Context, nowOf, siteUrlOf, within } from './context.ts'
import { findProvider } from './custom/providers.ts'
import { BadOAuthCallback, BadOAuthState, ProviderNotEnabled } from './errors.ts'
import { accountOf, isStillLinked, linkTo, type Vouched, welcomeExternal } from './external.ts'
import type { Challenge } from './flow.ts'
import { errorLocation, sessionLocation, withQuery } from './locations.ts'
import type { AuthRequest } from './request.ts'
import { s256 } from './secrets.ts'
import { sessionAfter } from './sign-in.ts'
import { insertProviderFlow, issueCode, takeProviderFlow } from './store/flow-states.ts'
import type { Db, FlowRow } from './store/rows.ts'
import { askForProof } from './unproven.ts'

const LIFETIME_MS = 10 * 60_000
const VERIFIER_BYTES = 48

export type Departure = {
  provider: string
  redirectTo: string
  challenge: Challenge | undefined
  scopes: readonly string[]
  /** Passed on to the provider. */
  query: Readonly<Record<string, string>>
  linking: { userId: string; sessionId: string } | null
}

/** @throws ProviderNotEnabled. @returns the provider's page. */
export async function depart(context: Context, departure: Departure): Promise<string> {
  const { provider: name, redirectTo, challenge, scopes, query, linking } = departure
  const found = await findProvider(context, name)
  if (!found) throw ProviderNotEnabled()
  const verifier = randomBytes(VERIFIER_BYTES).toString('base64url')
  const flow = await within(context, (tx) =>
    insertProviderFlow(tx, {
      ...{ provider: name, verifier, challenge, referrer: redirectTo, linking, at: nowOf(context) },
    }),
  )
  return found.provider.authorizeUrl({
    ...{ state: flow.id, redirectUri: callbackOf(context, name), scopes, query },
    ...{ nonce: nonceOf(context, flow.id), codeChallenge: s256(verifier) },
  })
}

const callbackOf = ({ project }: Context, name: string): string =>
  project.settings().external[name]?.redirectUri ?? `${project.url()}/auth/v1/callback`

/** It follows from the flow, so that nothing more has to be kept. */
const nonceOf = ({ project }: Context, flowId: string): string =>
  createHmac('sha256', `oauth nonce ${project.jwtSecret()}`).update(flowId).digest('base64url')

export type Return = {
  state: string | null
  code: string | null
  error: string | null
  description: string | null
  /** Who answers (RFC 9207). */
  issuer: string | null
  /** What Apple says beside its token, once: the name, as JSON. */
  user: string | null
}

/** @returns where the person goes on: with a session, a code, or what went wrong. */
export async function comeBack(context: Context, back: Return, request: AuthRequest): Promise<string> {
  const taken = isUuid(back.state)
    ? await within(context, (tx) => takeProviderFlow(tx, back.state as string))
    : undefined
  const isLate = taken && context.clock.now() - taken.flow.created_at.getTime() > LIFETIME_MS
  // Without a flow of ours nobody knows where they came from: they are sent to the site.
  if (!taken || isLate) return errorLocation(siteUrlOf(context), BadOAuthState())
  const { flow } = taken
  const location = flow.referrer ?? siteUrlOf(context)
  try {
    return await arrive(context, { back, request, location, ...taken })
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    if (error.status >= 500) context.logger.error({ err: error.cause ?? error }, error.code)
    return errorLocation(location, error)
  }
}

type Arrival = { back: Return; request: AuthRequest; location: string; flow: FlowRow; verifier: string }

async function arrive(
  context: Context,
  { back, request, location, flow, verifier }: Arrival,
): Promise<string> {
  if (back.error !== null) throw BadOAuthCallback(back.description ?? back.error)
  if (back.code === null) throw BadOAuthCallback('OAuth callback with missing authorization code missing')
  const name = flow.provider_type
  const found = await findProvider(context, name)
  if (!found) throw ProviderNotEnabled()
  const { provider, emailOptional } = found
  const exchange = {
    ...{ code: back.code, redirectUri: callbackOf(context, name), codeVerifier: verifier },
    ...{ issuer: back.issuer, user: back.user },
  }
  const {
    user: person,
    accessToken,
    refreshToken,
  } = await provider.exchange({ ...exchange, nonce: nonceOf(context, flow.id) }, request.signal)
  const target = flow.linking_target_id
  const vouched: Vouched = { provider: name, person, request, emailOptional }
  const welcomed = target === null ? await welcomeExternal(context, vouched) : {}
  if (target === null) await askForProof(context, { ...vouched, ...welcomed }, location)
  const settle = (tx: Db) =>
    target === null
      ? accountOf(context, tx, { ...vouched, ...welcomed })
      : linkTo(context, tx, { userId: target, by: flow.linking_session_id, vouched })
  if (flow.code_challenge !== null) {
    await within(context, async (tx) => {
      const user = await settle(tx)
      await issueCode(tx, flow.id, { userId: user.id, at: nowOf(context), accessToken, refreshToken })
    })
    return withQuery(location, { code: flow.auth_code })
  }
  const signIn = { method: 'oauth' as const, request, stillHolds: isStillLinked(vouched) }
  const session = await sessionAfter(context, signIn, settle)
  const tokens = {
    provider_token: accessToken,
    ...(refreshToken ? { provider_refresh_token: refreshToken } : {}),
  }
  return sessionLocation(location, { ...session, ...tokens })
}
