/**
 * `/oauth/authorize`: takes an application's question, and sends the person on to the page of the site that asks for
 * consent. Until it is known that the address is the application's, nothing is sent there (RFC 6749, 4.1.2.1).
 */
import { isUuid } from '../access.ts'
import { type Context, issuerOf, nowOf, siteUrlOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { insertAuthorization } from '../store/oauth-authorizations.ts'
import { findClient, listOf, type OAuthClientRow } from '../store/oauth-clients.ts'
import { signsIdTokens } from '../tokens.ts'
import { ClientUnknown, OAuthRefusal, oauthRefusal } from './errors.ts'
import {
  NONCE_CHARACTERS_MAX,
  SCOPE_CHARACTERS_MAX,
  STATE_CHARACTERS_MAX,
  URI_CHARACTERS_MAX,
} from './limits.ts'
import { isRegistered, withMembers } from './redirect-uris.ts'
import { scopesOf, unknownScopes } from './scopes.ts'

type Asked = {
  clientId: string
  redirectUri: string
  scope: string
  state: string | null
  nonce: string | null
  resource: string | null
  codeChallenge: string
}

/** @returns where the person goes: to the site, or back with what is wrong. @throws ClientUnknown, ValidationFailed */
export async function beginAuthorization(context: Context, params: URLSearchParams): Promise<string> {
  const client = await clientOf(context, params)
  const redirectUri = single(params, 'redirect_uri')
  if (redirectUri === undefined) throw ValidationFailed('redirect_uri is required')
  if (!isRegistered(redirectUri, listOf(client.redirect_uris))) throw ValidationFailed('invalid redirect_uri')
  try {
    return await ask(context, readQuestion(context, { client, redirectUri, params }))
  } catch (error) {
    if (!(error instanceof OAuthRefusal)) throw error
    const state = params.getAll('state').length === 1 ? params.get('state') : null
    return refusalLocation(context, { redirectUri, state }, error)
  }
}

async function clientOf(context: Context, params: URLSearchParams): Promise<OAuthClientRow> {
  const id = single(params, 'client_id')
  if (id === undefined) throw ValidationFailed('client_id is required')
  const client = isUuid(id) ? await findClient(await context.sql(), id) : undefined
  if (!client) throw ClientUnknown()
  return client
}

/** @throws ValidationFailed when it is there twice: programs would read one or the other. */
function single(params: URLSearchParams, name: string): string | undefined {
  const all = params.getAll(name)
  if (all.length > 1) throw ValidationFailed(`${name} must be given once`)
  return all[0] === '' ? undefined : all[0]
}

type Question = { client: OAuthClientRow; redirectUri: string; params: URLSearchParams }

/** @throws OAuthRefusal */
function readQuestion(context: Context, { client, redirectUri, params }: Question): Asked {
  for (const name of new Set(params.keys()))
    if (params.getAll(name).length > 1) throw oauthRefusal('invalid_request', `${name} must be given once`)
  const given = (name: string) => params.get(name) || null
  if ((given('response_type') ?? 'code') !== 'code')
    throw oauthRefusal('unsupported_response_type', 'only response_type=code is supported')
  if ((given('response_mode') ?? 'query') !== 'query')
    throw oauthRefusal('invalid_request', 'only response_mode=query is supported')
  if (given('request') !== null || given('request_uri') !== null)
    throw oauthRefusal('request_not_supported', 'parameters are not taken from a request object')
  if (given('prompt')?.split(' ').includes('none'))
    throw oauthRefusal('interaction_required', 'only the user can say that they agree')
  if (!listOf(client.grant_types).includes('authorization_code'))
    throw oauthRefusal('unauthorized_client', 'this client may not ask for codes')
  return {
    ...{ clientId: client.id, redirectUri, codeChallenge: challengeOf(params) },
    scope: scopeOf(context, client, given('scope')),
    state: bounded('state', given('state'), STATE_CHARACTERS_MAX),
    nonce: bounded('nonce', given('nonce'), NONCE_CHARACTERS_MAX),
    resource: resourceOf(given('resource')),
  }
}

function bounded(name: string, text: string | null, charactersMax: number): string | null {
  if (text !== null && (text.length > charactersMax || text.includes('\0')))
    throw oauthRefusal('invalid_request', `${name} must be at most ${charactersMax} characters, without NUL`)
  return text
}

/** The method goes without saying as `plain` (RFC 7636, 4.3), which proves nothing to who has read the question. */
function challengeOf(params: URLSearchParams): string {
  const [challenge, method] = [params.get('code_challenge'), params.get('code_challenge_method')]
  if (!challenge) throw oauthRefusal('invalid_request', 'code_challenge is required (PKCE)')
  if (method !== 'S256') throw oauthRefusal('invalid_request', 'code_challenge_method must be S256')
  if (!/^[A-Za-z0-9_-]{43}$/.test(challenge))
    throw oauthRefusal('invalid_request', 'code_challenge must be a SHA-256 in base64url')
  return challenge
}

/** What is granted may be less than what was asked for (RFC 6749, 3.3); the token endpoint says what it is. */
function scopeOf(context: Context, client: OAuthClientRow, asked: string | null): string {
  const scopes = scopesOf(asked ?? context.project.settings().oauthServer.defaultScope)
  const unknown = unknownScopes(scopes)
  if (unknown.length > 0 || (asked?.length ?? 0) > SCOPE_CHARACTERS_MAX)
    throw oauthRefusal('invalid_scope', 'scope must be some of openid, email, profile, phone')
  const signs = signsIdTokens(context, client.client_type === 'confidential')
  const granted = scopes.filter((each) => signs || each !== 'openid')
  if (granted.length === 0)
    throw oauthRefusal(
      'invalid_scope',
      'openid needs a signing key of the project, or a client with a secret',
    )
  return granted.join(' ')
}

/** RFC 8707, 2. */
function resourceOf(text: string | null): string | null {
  if (text === null) return null
  const url = text.length <= URI_CHARACTERS_MAX ? URL.parse(text) : null
  if (url === null || /[#?\s\p{Cc}]/u.test(text))
    throw oauthRefusal('invalid_request', 'resource must be an absolute URI without query and fragment')
  return text
}

async function ask(context: Context, asked: Asked): Promise<string> {
  const { authorizationPath, authorizationTtlS } = context.project.settings().oauthServer
  const at = nowOf(context)
  const expiresAt = new Date(at.getTime() + authorizationTtlS * 1000)
  const { authorization_id: id } = await within(context, (tx) =>
    insertAuthorization(tx, { ...asked, at, expiresAt }),
  )
  const page = `${siteUrlOf(context).replace(/\/+$/, '')}${authorizationPath}`
  return `${page}?authorization_id=${encodeURIComponent(id)}`
}

type Back = { redirectUri: string; state: string | null }

/** With who answers (RFC 9207): an application of many servers does not take one's answer for another's. */
export const refusalLocation = (
  context: Context,
  { redirectUri, state }: Back,
  { error, message }: OAuthRefusal,
): string => withMembers(redirectUri, { error, error_description: message, state, iss: issuerOf(context) })

export const codeLocation = (context: Context, { redirectUri, state }: Back, code: string): string =>
  withMembers(redirectUri, { code, state, iss: issuerOf(context) })
