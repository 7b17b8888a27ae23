/** A real OpenID Connect provider for tests, on loopback, whose keys can be turned; and a browser that signs in there. */
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import Provider, { type Configuration } from 'oidc-provider'

export type SigningJwk = JWK & { kid: string }

export async function makeKey(kid: string): Promise<SigningJwk> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { ...(await exportJWK(privateKey)), kid, use: 'sig', alg: 'RS256' }
}

export const sign = (
  claims: JWTPayload,
  key: SigningJwk,
  header: Record<string, unknown> = {},
): Promise<string> =>
  new SignJWT(claims).setProtectedHeader({ alg: 'RS256', kid: key.kid, ...header }).sign(key)

export const CLIENT = { client_id: 'our-client', client_secret: 'our-s3cret' }
export const REDIRECT_URI = 'http://127.0.0.1:9/auth/v1/callback'

export type OidcHarness = {
  issuer: string
  /** From now on it signs with this one, and publishes no other. */
  turnKeys(key: SigningJwk): void
  /** How often each path was asked for. */
  asked: Map<string, number>
  close(): void
}

/** @param tls of `localhost`; without it plain HTTP. */
export async function startOidc(
  key: SigningJwk,
  more: Configuration = {},
  tls?: { key: string; cert: string },
): Promise<OidcHarness> {
  const asked = new Map<string, number>()
  let answer: RequestListener = () => {}
  const listener: RequestListener = (request, response) => {
    const path = request.url?.split('?')[0] ?? ''
    asked.set(path, (asked.get(path) ?? 0) + 1)
    return answer(request, response)
  }
  const server = tls ? createTlsServer(tls, listener) : createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const issuer = tls ? `https://localhost:${port}` : `http://127.0.0.1:${port}`
  const turnKeys = (next: SigningJwk) => {
    answer = new Provider(issuer, configuration(next, more)).callback()
  }
  turnKeys(key)
  return {
    ...{ issuer, turnKeys, asked },
    close() {
      server.closeAllConnections()
      server.close()
    },
  }
}

const configuration = (key: SigningJwk, more: Configuration): Configuration => ({
  clients: [{ ...CLIENT, redirect_uris: [REDIRECT_URI], token_endpoint_auth_method: 'client_secret_post' }],
  jwks: { keys: [key as never] },
  cookies: { keys: ['for tests'] },
  claims: { email: ['email', 'email_verified'], profile: ['name', 'picture', 'preferred_username'] },
  conformIdTokenClaims: false,
  pkce: { required: () => true },
  findAccount: (_context, id) => ({
    accountId: id,
    claims: () => ({
      ...{ sub: id, email: `${id}@example.com`, email_verified: !id.startsWith('unverified') },
      ...{ name: `The ${id}`, picture: 'https://example.com/a.png', preferred_username: id },
    }),
  }),
  // Whoever signs in has agreed.
  async loadExistingGrant(context) {
    const { client, session, provider } = context.oidc
    const grant = new provider.Grant({
      clientId: client?.clientId ?? '',
      accountId: session?.accountId ?? '',
    })
    grant.addOIDCScope('openid email profile')
    await grant.save()
    return grant
  },
  ...more,
})

type Browser = { callback?: string; fetch?: typeof globalThis.fetch }

/** Follows the redirects of a sign-in, fills in the form, and stops where it would leave for the callback. */
export async function walk(
  start: string,
  login: string,
  { callback = REDIRECT_URI, fetch = globalThis.fetch }: Browser = {},
): Promise<URLSearchParams> {
  const cookies = new Map<string, string>()
  let [url, form]: [string, URLSearchParams | undefined] = [start, undefined]
  for (let steps = 0; steps < 12; steps += 1) {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form ? { method: 'POST', body: form } : {}),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    const location = response.headers.get('location')
    const page = await response.text()
    if (location?.startsWith(callback)) return new URL(location).searchParams
    form = undefined
    if (location) url = new URL(location, url).href
    else {
      const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1]
      if (action === undefined)
        throw new Error(`no form on the page: ${response.status} ${page.slice(0, 500)}`)
      url = new URL(action.replaceAll('&amp;', '&'), url).href
      // `form_post`: the page sends itself.
      if (url.startsWith(callback)) return inputsOf(page)
      form = new URLSearchParams({ prompt: 'login', login, password: 'any' })
    }
  }
  throw new Error('the sign-in goes on and on')
}

function inputsOf(page: string): URLSearchParams {
  const inputs = new URLSearchParams()
  for (const [, name = '', value = ''] of page.matchAll(/<input[^>]* name="([^"]+)" value="([^"]*)"/g)) {
    inputs.append(name, value.replaceAll('&amp;', '&'))
  }
  return inputs
}
