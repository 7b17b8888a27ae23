/** The token endpoint's grants: a code, or a refresh token, for tokens. */
import { type Context, issuerOf } from '../context.ts'
import type { AuthRequest } from '../request.ts'
import type { SessionView } from '../session-view.ts'
import { refreshSession } from '../sign-in.ts'
import type { AuthorizationRow } from '../store/oauth-authorizations.ts'
import { listOf, type OAuthClientRow } from '../store/oauth-clients.ts'
import type { UserRow } from '../store/rows.ts'
import { signIdToken } from '../tokens.ts'
import type { KnownClient } from './authenticate.ts'
import { idTokenClaims } from './claims.ts'
import { oauthRefusal } from './errors.ts'
import { exchangeCode } from './exchange.ts'
import { ID_TOKEN_LIFETIME_S } from './limits.ts'
import { covers, scopesOf } from './scopes.ts'

export type Form = ReadonlyMap<string, string>

export type Tokens = {
  access_token: string
  token_type: 'bearer'
  expires_in: number
  refresh_token?: string
  scope: string
  id_token?: string
}

/** @throws OAuthRefusal, and what the project's hook says */
export async function grantByCode(
  context: Context,
  { known, form }: { known: KnownClient; form: Form },
  request: AuthRequest,
): Promise<Tokens> {
  const code = form.get('code')
  if (code === undefined) throw oauthRefusal('invalid_request', 'code is required')
  const { client, secret } = known
  const shown = { code, clientId: client.id, form, request }
  const { user, authorization, view } = await exchangeCode(context, shown)
  const idToken = await idTokenOf(context, { user, authorization, secret })
  return { ...tokensOf(view, client, authorization.scope), ...(idToken && { id_token: idToken }) }
}

/** @throws OAuthRefusal, and what refreshing refuses */
export async function grantByRefreshToken(
  context: Context,
  { known: { client }, form }: { known: KnownClient; form: Form },
  request: AuthRequest,
): Promise<Tokens> {
  const token = form.get('refresh_token')
  if (token === undefined) throw oauthRefusal('invalid_request', 'refresh_token is required')
  const asked = scopesOf(form.get('scope') ?? null)
  const narrow = (granted: string | null): string | null => {
    if (asked.length === 0) return granted
    if (covers(scopesOf(granted), asked)) return asked.join(' ')
    throw oauthRefusal('invalid_scope', 'scope must be within what was granted')
  }
  const refresh = { token, clientId: client.id, narrow }
  const { view, scopes } = await refreshSession(context, refresh, request)
  return tokensOf(view, client, scopes ?? '')
}

const tokensOf = (view: SessionView, client: OAuthClientRow, scope: string): Tokens => ({
  ...{ access_token: view.access_token, token_type: 'bearer', expires_in: view.expires_in },
  ...(listOf(client.grant_types).includes('refresh_token') && { refresh_token: view.refresh_token }),
  scope,
})

type Subject = { user: UserRow; authorization: AuthorizationRow; secret: string | undefined }

async function idTokenOf(
  context: Context,
  { user, authorization, secret }: Subject,
): Promise<string | undefined> {
  const scopes = scopesOf(authorization.scope)
  if (!scopes.includes('openid')) return undefined
  const claims = idTokenClaims(user, {
    ...{ issuer: issuerOf(context), clientId: authorization.client_id, nonce: authorization.nonce, scopes },
    ...{ nowS: Math.floor(context.clock.now() / 1000), lifetimeS: ID_TOKEN_LIFETIME_S },
  })
  return signIdToken(context, claims, secret)
}
