/** The authorization code flow (OAuth 2.0, OpenID Connect) with one provider: the way there, and what comes back. */
import type { AuthorizationServer, ClientAuth } from 'oauth4webapi'
import { boundedFetch, type Reach } from '../outbound.ts'
import type { Definition, Endpoints } from './definition.ts'
import { ANSWER_BYTES_MAX, PROVIDER_TIMEOUT_MS } from './limits.ts'
import { asRecord, asRecords, asText, type Json } from './person.ts'
import type { AuthorizeInput, ExchangeInput, ProviderSettings } from './provider.ts'

export type Known = { definition: Definition; endpoints: Endpoints; settings: ProviderSettings }

/** Ours alone: who starts a sign-in chooses neither where it ends nor how it is checked. */
const OWN =
  /^(?:client_|response_|code_challenge|request(?:_uri)?$|registration$|redirect_(?:uri|to)$|state$|nonce$|scopes?$|provider$)/

export function authorizeUrl(
  { definition, settings }: Known,
  endpoint: string,
  input: AuthorizeInput,
): string {
  const url = new URL(endpoint)
  for (const [name, value] of Object.entries(input.query))
    if (!OWN.test(name)) url.searchParams.set(name, value)
  const scopes = new Set([...definition.scopes, ...settings.scopes, ...input.scopes])
  const own: Record<string, string> = {
    ...definition.authorizeParameters,
    ...{ response_type: 'code', client_id: settings.clientIds[0] ?? '', redirect_uri: input.redirectUri },
    ...(scopes.size > 0 ? { scope: [...scopes].join(' ') } : {}),
    state: input.state,
    ...(isOidc(definition) && definition.nonce !== false ? { nonce: input.nonce } : {}),
    ...(definition.pkce === false
      ? {}
      : { code_challenge: input.codeChallenge, code_challenge_method: 'S256' }),
  }
  for (const [name, value] of Object.entries(own)) url.searchParams.set(name, value)
  return url.href
}

/**
 * RFC 9207: the answer must be from whom was asked, or its code would be shown to another. Who says of itself that it
 * always names itself must. What we call a provider that has no ID tokens, it does not know.
 * @throws Error
 */
export function assertAnsweredBy(
  { definition, endpoints }: Known,
  server: AuthorizationServer,
  issuer: string | null,
): void {
  if (issuer === null) {
    if (server.authorization_response_iss_parameter_supported !== true) return
    throw new Error('its answer does not say whose it is')
  }
  const { callbackIssuer, aliases = [] } = endpoints
  const names =
    callbackIssuer === undefined ? [endpoints.issuer, server.issuer, ...aliases] : [callbackIssuer]
  if (callbackIssuer === undefined && !isOidc(definition)) return
  // Of one among many tenants only the host is known before the ID token is read.
  const isTenant =
    definition.issuerOf !== undefined && URL.parse(issuer)?.origin === originOf(endpoints.issuer)
  if (!isTenant && !names.includes(issuer)) throw new Error('the answer is of another issuer')
}

const originOf = (url: string): string => new URL(url).origin

/** Who says no profile address says all in the ID token. */
export const isOidc = ({ readProfile }: Definition): boolean => readProfile === undefined

export type Tokens = { accessToken: string; refreshToken: string | null; idToken: string | undefined }

export async function exchangeForTokens(
  { definition, endpoints, settings }: Known,
  server: AuthorizationServer,
  { input, signal }: { input: ExchangeInput; signal: AbortSignal },
): Promise<Tokens> {
  const oauth = await import('oauth4webapi')
  const client = { client_id: settings.clientIds[0] ?? '' }
  const authentication = (secret: string | null): ClientAuth => {
    if (secret === null) return oauth.None()
    return definition.clientAuthentication === 'basic' || takesBasicOnly(server)
      ? oauth.ClientSecretBasic(secret)
      : oauth.ClientSecretPost(secret)
  }
  const parameters = {
    ...{ code: input.code, redirect_uri: input.redirectUri },
    ...(definition.pkce === false ? {} : { code_verifier: input.codeVerifier }),
  }
  const response = await oauth.genericTokenEndpointRequest(
    server,
    client,
    authentication(settings.secret),
    'authorization_code',
    parameters,
    // What may go unencrypted is decided by the fetch: the loopback only.
    { [oauth.allowInsecureRequests]: true, [oauth.customFetch]: fetchFor(signal, endpoints.reach), signal },
  )
  const { plain, idToken } = await readPlainly(response)
  const tokens = await oauth.processGenericTokenEndpointResponse(server, client, plain)
  return { accessToken: tokens.access_token, refreshToken: tokens.refresh_token ?? null, idToken }
}

const takesBasicOnly = ({ token_endpoint_auth_methods_supported: methods }: AuthorizationServer): boolean =>
  methods?.includes('client_secret_basic') === true && !methods.includes('client_secret_post')

const fetchFor = (signal: AbortSignal, reach: Reach | undefined) =>
  boundedFetch({ timeoutMs: PROVIDER_TIMEOUT_MS, bytesMax: ANSWER_BYTES_MAX, signal, reach })

/**
 * RFC 6749 is not everybody's: GitHub fails with 200, Twitch lists its scopes, some leave the type out. The ID token is
 * taken aside, for it is checked by rules of its own.
 */
async function readPlainly(response: Response): Promise<{ plain: Response; idToken: string | undefined }> {
  const body = await response.json().catch(() => undefined)
  const { id_token: idToken, scope, ...rest } = asRecord(body)
  const isFailure = typeof rest.error === 'string'
  const said: Record<string, unknown> = {
    ...{ token_type: 'bearer', ...rest },
    ...(scope === undefined || scope === null
      ? {}
      : { scope: Array.isArray(scope) ? scope.join(' ') : scope }),
  }
  // One that never expires may say 0, or nothing that is a number.
  if (typeof said.expires_in !== 'number' || said.expires_in < 1) delete said.expires_in
  if (typeof said.refresh_token !== 'string' || said.refresh_token === '') delete said.refresh_token
  const plain = new Response(JSON.stringify(said), {
    status: isFailure && response.ok ? 400 : response.status,
    headers: { 'content-type': 'application/json' },
  })
  return { plain, idToken: typeof idToken === 'string' ? idToken : undefined }
}

/** What the provider answers at its own addresses about whoever has the token. */
export async function askProfile(
  { definition, endpoints, settings }: Known,
  accessToken: string,
  signal: AbortSignal,
): Promise<{ profile: Json; emails: Json[] }> {
  const clientId = settings.clientIds[0] ?? ''
  const query = definition.profileQuery?.({ token: accessToken, secret: settings.secret ?? '' }) ?? {}
  const headers = { ...definition.profileHeaders?.(clientId) }
  const ask = (place: string) => {
    const url = new URL(place)
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
    return askJson(url, { accessToken, headers, signal, reach: endpoints.reach })
  }
  const profile = asRecord(await ask(endpoints.profile ?? endpoints.issuer))
  const emails = endpoints.emails === undefined ? [] : await ask(endpoints.emails)
  // Bitbucket's come in pages.
  return { profile, emails: asRecords(Array.isArray(emails) ? emails : asRecord(emails).values) }
}

type Asked = {
  accessToken: string
  headers?: Record<string, string>
  signal: AbortSignal
  reach: Reach | undefined
}

export async function askJson(url: URL, { accessToken, headers, signal, reach }: Asked): Promise<unknown> {
  const response = await fetchFor(signal, reach)(url, {
    headers: {
      ...{ accept: 'application/json', 'user-agent': 'cascata', authorization: `Bearer ${accessToken}` },
      ...headers,
    },
  })
  if (!response.ok) throw new Error(`the profile was answered with ${response.status}`)
  return response.json()
}

/** Claims that are only told by the userinfo endpoint; of the same person, or none. */
export async function withUserinfo(claims: Json, server: AuthorizationServer, asked: Asked): Promise<Json> {
  const { userinfo_endpoint: place } = server
  if (place === undefined || asText(claims.email) !== undefined) return claims
  const told = asRecord(await askJson(new URL(place), asked))
  if (told.sub !== claims.sub) throw new Error('the userinfo endpoint speaks of somebody else')
  return { ...told, ...claims }
}
