/**
 * What the page that asks for consent shows, and what comes of the answer. A question is of the person who looked at it
 * first; anybody else finds nothing there.
 */
import { randomBytes } from 'node:crypto'
import { lockPerson, type Person } from '../access.ts'
import { type Context, nowOf, siteUrlOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { isAllowed } from '../redirects.ts'
import { type AuthRequest, addressOf } from '../request.ts'
import { insertAudit } from '../store/audit.ts'
import {
  type AuthorizationRow,
  approveAuthorization,
  claimAuthorization,
  closeAuthorization,
  lockAuthorization,
} from '../store/oauth-authorizations.ts'
import { findClient, listOf, type OAuthClientRow } from '../store/oauth-clients.ts'
import { findConsent, upsertConsent } from '../store/oauth-consents.ts'
import type { Db } from '../store/rows.ts'
import { codeLocation, refusalLocation } from './authorize.ts'
import { digestCode } from './code.ts'
import { AuthorizationNotFound, oauthRefusal } from './errors.ts'
import { CODE_LIFETIME_MS } from './limits.ts'
import { isClaimed, isRegistered } from './redirect-uris.ts'
import { covers, scopesOf } from './scopes.ts'

/** Of an application, as users see it. */
export const clientView = (client: {
  id: string
  client_name: string | null
  client_uri: string | null
  logo_uri: string | null
}) => ({
  id: client.id,
  name: client.client_name ?? '',
  uri: client.client_uri ?? '',
  logo_uri: client.logo_uri ?? '',
})

type Question = { authorization: AuthorizationRow; client: OAuthClientRow; person: Person }

/**
 * What is asked; or, where the person agreed to it before, where they go on. Here and in the answer the person is locked
 * before the question: a sign-out finds the code that comes of it, or is found by it.
 */
export function showAuthorization(context: Context, id: string, request: AuthRequest) {
  assertFromSite(context, request)
  return within(context, async (tx) => {
    const person = await lockPerson(context, tx, request)
    const question = await questionOf(context, tx, { id, person, mayClaim: true })
    const { authorization, client } = question
    if (await isAgreed(tx, question)) return { redirect_url: await approve(context, tx, question) }
    return {
      authorization_id: authorization.authorization_id,
      redirect_uri: authorization.redirect_uri,
      client: clientView(client),
      user: { id: person.user.id, email: person.user.email ?? '' },
      scope: authorization.scope,
    }
  })
}

export type Decision = 'approve' | 'deny'

export function decideAuthorization(
  context: Context,
  { id, action }: { id: string; action: Decision },
  request: AuthRequest,
) {
  assertFromSite(context, request)
  return within(context, async (tx) => {
    const person = await lockPerson(context, tx, request)
    const question = await questionOf(context, tx, { id, person, mayClaim: false })
    const { authorization, client } = question
    if (action === 'deny') {
      await closeAuthorization(tx, authorization.id, 'denied')
      const denied = oauthRefusal('access_denied', 'User denied the request')
      return { redirect_url: refusalLocation(context, backOf(authorization), denied) }
    }
    const at = nowOf(context)
    const consent = { userId: person.user.id, clientId: client.id, scopes: authorization.scope, at }
    await upsertConsent(tx, consent)
    const traits = { client_id: client.id, scope: authorization.scope }
    const entry = { actor: person.user, at, ip: addressOf(request), traits }
    await insertAudit(tx, { action: 'oauth_consent_granted', ...entry })
    return { redirect_url: await approve(context, tx, question) }
  })
}

const backOf = ({ redirect_uri: redirectUri, state }: AuthorizationRow) => ({ redirectUri, state })

type Sought = { id: string; person: Person; mayClaim: boolean }

/** @throws AuthorizationNotFound, ValidationFailed */
async function questionOf(context: Context, db: Db, { id, person, mayClaim }: Sought): Promise<Question> {
  const authorization = await lockAuthorization(db, id)
  if (!authorization || authorization.expires_at <= nowOf(context)) throw AuthorizationNotFound()
  const { user } = person
  if (authorization.user_id !== user.id && !(mayClaim && authorization.user_id === null))
    throw AuthorizationNotFound()
  if (authorization.status !== 'pending') throw ValidationFailed('authorization request cannot be processed')
  const client = await findClient(db, authorization.client_id)
  // What it may be sent back to may have changed since it asked.
  if (!client || !isRegistered(authorization.redirect_uri, listOf(client.redirect_uris)))
    throw AuthorizationNotFound()
  if (authorization.user_id === null) await claimAuthorization(db, authorization.id, user.id)
  return { authorization, client, person }
}

/**
 * Not asked again, if the answer comes to nobody but the application: on the loopback, or to a scheme, any program could
 * ask in its name and would be answered without the person (RFC 8252, 8.6).
 */
async function isAgreed(db: Db, { authorization, client, person }: Question): Promise<boolean> {
  if (!isClaimed(authorization.redirect_uri)) return false
  const consent = await findConsent(db, { userId: person.user.id, clientId: client.id })
  return consent !== undefined && covers(scopesOf(consent.scopes), scopesOf(authorization.scope))
}

async function approve(context: Context, db: Db, { authorization }: Question): Promise<string> {
  const code = randomBytes(32).toString('base64url')
  const at = nowOf(context)
  const expiresAt = new Date(at.getTime() + CODE_LIFETIME_MS)
  await approveAuthorization(db, authorization.id, { codeDigest: digestCode(code), at, expiresAt })
  return codeLocation(context, backOf(authorization), code)
}

/** Browsers say which page asks: it is one of the site. @throws ValidationFailed */
function assertFromSite(context: Context, { headers }: AuthRequest): void {
  const { origin } = headers
  const { redirectUrls } = context.project.settings()
  if (origin === undefined || isAllowed(origin, { siteUrl: siteUrlOf(context), redirectUrls })) return
  throw ValidationFailed('unauthorized request origin')
}
