/** Applications of a project under test, and users who let them in, as the real clients make them. */
import { type App, openApp } from '@cascata/runtime/auth/authorization/client-harness'
import type { SupabaseClient } from '@supabase/supabase-js'
import { expect } from 'vitest'
import type { AuthPlace, Called } from './auth-place.ts'

export { openApp, registerApp } from '@cascata/runtime/auth/authorization/client-harness'

export const CALLBACK = 'https://shop.example/callback'

type Wish = {
  by?: 'basic' | 'post' | 'none'
  redirectUri?: string
  grantTypes?: ('authorization_code' | 'refresh_token')[]
}

const METHODS = { basic: 'client_secret_basic', post: 'client_secret_post', none: 'none' } as const

/** @param auth asked at each call: it starts after the tests are read. */
export function createApps(auth: () => AuthPlace) {
  const issuer = () => `${auth().url}/auth/v1`

  /** Registered by an administrator. */
  const newApp = async ({ by = 'basic', redirectUri = CALLBACK, grantTypes }: Wish = {}): Promise<App> => {
    const { data, error } = await auth()
      .admin()
      .auth.admin.oauth.createClient({
        ...{ client_name: 'The shop', client_uri: 'https://shop.example', redirect_uris: [redirectUri] },
        ...(grantTypes && { grant_types: grantTypes }),
        token_endpoint_auth_method: METHODS[by],
      })
    expect(error).toBeNull()
    if (!data) throw new Error('no client')
    const secret = by === 'none' ? {} : { secret: data.client_secret, by }
    return openApp(issuer(), { id: data.client_id, redirectUri, ...secret }, auth().fetch)
  }

  /** The page of the site: it looks at the question, and the user agrees unless that was done before. */
  const agree = async (person: SupabaseClient, authorizationId: string): Promise<string> => {
    const { data: asked, error } = await person.auth.oauth.getAuthorizationDetails(authorizationId)
    if (error || !asked) throw error ?? new Error('no question')
    if ('redirect_url' in asked) return asked.redirect_url
    const { data } = await person.auth.oauth.approveAuthorization(authorizationId, {
      skipBrowserRedirect: true,
    })
    if (!data) throw new Error('not approved')
    return data.redirect_url
  }

  const signIn = async (app: App, person: SupabaseClient, scope: string) => {
    const departure = await app.depart(scope)
    const location = await agree(person, departure.authorizationId)
    return { departure, location, tokens: await app.arrive(departure, location) }
  }

  /** Of a code that an app got, and did not spend yet. */
  const codeFor = async (app: App, person: SupabaseClient, scope = 'email') => {
    const departure = await app.depart(scope)
    const location = await agree(person, departure.authorizationId)
    return { departure, code: new URL(location).searchParams.get('code') ?? '' }
  }

  /** The token endpoint without a library, for what none would send. */
  const askToken = (form: Record<string, string>, headers: Record<string, string> = {}): Promise<Called> =>
    auth().call('POST', '/oauth/token', {
      body: String(new URLSearchParams(form)),
      headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
      key: null,
    })

  return { issuer, newApp, agree, signIn, codeFor, askToken }
}

/** `400 invalid_grant` */
export const oauthRefusalOf = ({ status, body }: Called): string => `${status} ${body.error}`
