/** An application for tests: a real OAuth client library, which finds the server by its description and checks its answers. */
import * as oauth from 'oauth4webapi'

export type AppSettings = {
  id: string
  secret?: string | undefined
  redirectUri: string
  /** How it shows its secret. */
  by?: 'basic' | 'post'
}

/** On its way: what it must see again. */
export type Departure = {
  verifier: string
  state: string
  nonce: string
  scope: string
  /** Where the server sent the person. */
  location: string
  /** Of the question, on the page of the site. */
  authorizationId: string
}

export type App = Awaited<ReturnType<typeof openApp>>

const insecure = { [oauth.allowInsecureRequests]: true }

async function discover(issuer: string, fetch: typeof globalThis.fetch) {
  // Of the options that the library names, an absent body is undefined: `fetch` takes it, its type does not.
  const ask = (url: string, options: object): Promise<Response> => fetch(url, options)
  const plain = { ...insecure, [oauth.customFetch]: ask }
  const place = new URL(issuer)
  const described = await oauth.discoveryRequest(place, { algorithm: 'oauth2', ...plain })
  return { server: await oauth.processDiscoveryResponse(place, described), plain }
}

/** @param fetch reaches the server by the name that it has. */
export async function openApp(issuer: string, app: AppSettings, fetch = globalThis.fetch) {
  const { server, plain } = await discover(issuer, fetch)
  const client: oauth.Client = { client_id: app.id }
  const authentication = (): oauth.ClientAuth => {
    if (app.secret === undefined) return oauth.None()
    return app.by === 'post' ? oauth.ClientSecretPost(app.secret) : oauth.ClientSecretBasic(app.secret)
  }
  const question = async (scope: string, verifier: string): Promise<URLSearchParams> =>
    new URLSearchParams({
      ...{ client_id: app.id, redirect_uri: app.redirectUri, response_type: 'code', scope },
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    })

  return {
    ...{ server, client, app },

    /** @param more in place of what it would ask; null leaves it out. */
    async depart(scope: string, more: Readonly<Record<string, string | null>> = {}): Promise<Departure> {
      const verifier = oauth.generateRandomCodeVerifier()
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
      const params = await question(scope, verifier)
      for (const [name, value] of Object.entries({ state, nonce, ...more }))
        if (value === null) params.delete(name)
        else params.set(name, value)
      const answer = await fetch(`${server.authorization_endpoint}?${params}`, { redirect: 'manual' })
      const location = answer.headers.get('location') ?? ''
      const authorizationId = URL.parse(location)?.searchParams.get('authorization_id') ?? ''
      return { verifier, state, nonce, scope, location, authorizationId }
    },

    /** Takes the answer as the library does: its state, who it is from, then the code for tokens. */
    async arrive(departure: Departure, location: string): Promise<oauth.TokenEndpointResponse> {
      const params = oauth.validateAuthResponse(server, client, new URL(location), departure.state)
      const answer = await oauth.authorizationCodeGrantRequest(
        ...([server, client, authentication(), params, app.redirectUri, departure.verifier, plain] as const),
      )
      const expected = departure.scope.split(' ').includes('openid')
        ? { expectedNonce: departure.nonce, requireIdToken: true }
        : {}
      return oauth.processAuthorizationCodeResponse(server, client, answer, expected)
    },

    async refresh(token: string, more: Record<string, string> = {}): Promise<oauth.TokenEndpointResponse> {
      const options = { ...plain, additionalParameters: more }
      const answer = await oauth.refreshTokenGrantRequest(
        ...([server, client, authentication(), token, options] as const),
      )
      return oauth.processRefreshTokenResponse(server, client, answer)
    },

    async userinfo(accessToken: string, subject: string): Promise<oauth.UserInfoResponse> {
      const answer = await oauth.userInfoRequest(server, client, accessToken, plain)
      return oauth.processUserInfoResponse(server, client, subject, answer)
    },

    claims: (tokens: oauth.TokenEndpointResponse) => oauth.getValidatedIdTokenClaims(tokens),
  }
}

/** Registers itself (RFC 7591), where the server says that one may. */
export async function registerApp(
  issuer: string,
  metadata: Parameters<typeof oauth.dynamicClientRegistrationRequest>[1],
  fetch = globalThis.fetch,
) {
  const { server, plain } = await discover(issuer, fetch)
  const answer = await oauth.dynamicClientRegistrationRequest(server, metadata, plain)
  return oauth.processDynamicClientRegistrationResponse(answer)
}

/** The words of RFC 6749 in what the library threw. */
export const refusalOf = (error: unknown): string =>
  error instanceof oauth.ResponseBodyError || error instanceof oauth.AuthorizationResponseError
    ? error.error
    : String(error)
