/** What an access token says: the usual claims, or what the project's hook makes of them. */
import type { Context } from './context.ts'
import { askHook } from './hook-calls.ts'
import type { AuthRequest } from './request.ts'
import type { Aal, Db, SessionRow, UserRow } from './store/rows.ts'
import { type AccessTokenInput, claimsOf } from './tokens.ts'

/** As `amr` has it. */
export type Method =
  | 'password'
  | 'otp'
  | 'oauth'
  | 'magiclink'
  | 'email/signup'
  | 'invite'
  | 'recovery'
  | 'email_change'
  | 'anonymous'
  | 'sso/saml'
  | 'passkey'
  | 'web3'
  | 'oauth_provider/authorization_code'

export type TokenMethod =
  | Method
  | 'token_refresh'
  | 'totp'
  | 'mfa/phone'
  | 'mfa/webauthn'
  | 'mfa/recovery_code'

type Claims = Record<string, unknown>

export type Subject = {
  user: UserRow
  session: { id: string; aal: Aal } & Pick<AccessTokenInput, 'amr' | 'notAfter' | 'client'>
  method: TokenMethod
  request: AuthRequest
}

export const clientOf = ({
  oauth_client_id: id,
  scopes,
}: Pick<SessionRow, 'oauth_client_id' | 'scopes'>): AccessTokenInput['client'] =>
  id === null ? undefined : { id, scopes }

/** Claims that were asked for before the transaction in which they count, and of which session. */
export type Claimed = { sessionId: string; aal: Aal; claims: Claims }

/** Undefined where no endpoint is asked: then `claimsAsked` is for the transaction. @throws what the hook says */
export async function claimedOutside(context: Context, subject: Subject): Promise<Claimed | undefined> {
  if (!context.hooks.isOutside('customAccessToken')) return undefined
  const { id: sessionId, aal } = subject.session
  return { sessionId, aal, claims: await claimsAsked(context, subject) }
}

/** @param db where a function of the database runs. @throws what the hook says */
export async function claimsAsked(
  context: Context,
  { user, session, method, request }: Subject,
  db?: Db,
): Promise<Claims> {
  const { id: sessionId, aal, amr, notAfter, client } = session
  const nowS = Math.floor(context.clock.now() / 1000)
  const usual = claimsOf(context, { user, sessionId, aal, amr, nowS, notAfter, client })
  const input = { user_id: user.id, claims: usual, authentication_method: method }
  const hooked = await askHook(context, 'customAccessToken', { ...(db && { db }), request, input })
  // Policies tell applications apart by it: a hook that makes claims of its own does not take it away.
  return { ...(hooked?.claims ?? usual), ...(client && { client_id: client.id }) }
}
