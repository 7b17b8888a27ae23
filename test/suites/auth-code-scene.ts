/** What the cases of codes have in common: people, a provider, a hook over HTTP, and settings for one attempt. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createPeople, refusal } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { createAuthenticator } from '../harness/authenticator.ts'
import { CLIENT, makeKey, REDIRECT_URI, sign, startOidc, walk } from '../harness/identity-provider.ts'
import { openAuth } from '../harness/open-auth.ts'
import type { Code } from './auth-codes.ts'

/** @returns `422 weak_password`; what comes in an address has no status of its own. */
export type Case = readonly [code: Code, status: string, provoke: () => Promise<string>]

export const PASSWORD = 'a long enough passphrase 4711'
export const NOBODY = '00000000-0000-4000-8000-000000000000'
/** Nothing listens there. */
export const CLOSED = 'http://127.0.0.1:9/'
export const SECRET = `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`
export const VERIFIER = 'v'.repeat(50)
export const PHONE = '4915112345670'
export const PHONES = { phone: { enabled: true, testOtp: { [PHONE]: '246810' }, maxFrequencyS: 10 } }
export const PHONE_FACTORS = { ...PHONES, mfa: { phone: { enroll: true, verify: true } } }
export const PASSKEYS = { passkeys: { enabled: true, max: 1 } }

export type CodeScene = ReturnType<typeof createCodeScene>

const FUNCTIONS = `
  create or replace function public.too_slow(event jsonb) returns jsonb language plpgsql as
    $$ begin perform pg_sleep(30); return '{}'; end $$;
  create or replace function public.refuses(event jsonb) returns jsonb language sql as
    $$ select '{"decision":"reject"}'::jsonb $$;
  grant execute on function public.too_slow, public.refuses to supabase_auth_admin`

export function createCodeScene() {
  let auth: AuthPlace
  let oidc: Awaited<ReturnType<typeof startOidc>>
  let key: Awaited<ReturnType<typeof makeKey>>
  let hook: Server
  let count = 0
  const people = createPeople(() => auth)
  const { signedUp, post } = people
  const hookPort = () => (hook.address() as AddressInfo).port

  /** What a method of auth-js is refused with. */
  const said = async (asked: Promise<{ error: unknown }>): Promise<string> => {
    const { error } = (await asked) as { error: { status?: number; code?: string } | null }
    return `${error?.status} ${error?.code}`
  }
  /** The settings are there for one attempt. */
  const where = async (settings: object, attempt: () => Promise<string>): Promise<string> => {
    await auth.set(settings)
    try {
      return await attempt()
    } finally {
      await auth.set({})
    }
  }
  const signIn = (email: string) => auth.client().auth.signInWithPassword({ email, password: PASSWORD })
  const hooked = (name: string, uri: string) => ({ hooks: { [name]: { uri, secrets: [SECRET] } } })

  const returned = async (params: URLSearchParams): Promise<string> => {
    const called = await auth.call('GET', `/callback?${params}`, { key: null })
    return new URL(called.headers.get('location') ?? 'http://none').searchParams.get('error_code') ?? 'none'
  }
  const keyOf = () => createAuthenticator({ origin: 'http://app.test', rpId: 'app.test' })

  const scene = {
    ...people,
    /** What the hook over HTTP answers. */
    answer: { type: 'application/json', body: '{}' },
    ...{ said, where, signIn, hooked, returned, keyOf, hookPort },
    get auth() {
      return auth
    },
    get issuer() {
      return oidc.issuer
    },
    address: (name: string) => `${name}-${++count}@codes.example`,
    nextPhone: () => String(Number(PHONE) + 1_000 + ++count),
    signed: (claims: object) => sign({ ...claims }, key),
    signUp: (email: string) => auth.client().auth.signUp({ email, password: PASSWORD }),
    refresh: (token: string) => auth.client().auth.refreshSession({ refresh_token: token }),
    async hookedSignIn(uri: string) {
      const { email } = await signedUp()
      return where(hooked('customAccessToken', uri), () => said(signIn(email)))
    },
    async change(attributes: object) {
      const { client } = await signedUp()
      return said(client.auth.updateUser(attributes))
    },
    reauthenticated: (given: object) =>
      where({ password: { requireReauthentication: true } }, async () => {
        const { client } = await signedUp()
        await auth.later(25 * 3_600_000)
        await client.auth.refreshSession()
        return said(client.auth.updateUser({ password: 'yet another passphrase 1', ...given }))
      }),
    async departure() {
      const options = { skipBrowserRedirect: true }
      const { data } = await auth.client().auth.signInWithOAuth({ provider: 'acme' as never, options })
      return data.url ?? ''
    },
    /** From the app to the provider and back; what stands in the address then. */
    async throughProvider(url: string, login: string) {
      const page = await auth.fetch(url, { redirect: 'manual' })
      return returned(await walk(page.headers.get('location') ?? url, login))
    },
    async register(bearer: string, authenticator = keyOf(), lies = {}) {
      const { body } = await post('/passkeys/registration/options', bearer)
      const credential = authenticator.create(body.options, lies)
      return post('/passkeys/registration/verify', bearer, { challenge_id: body.challenge_id, credential })
    },
    /** Of a link that was asked for with PKCE, `plain`: the code that following it ends with. */
    async mailedCode() {
      const { email } = await signedUp()
      await post('/otp', undefined, { email, code_challenge: VERIFIER, code_challenge_method: 'plain' })
      const link = (await auth.mailTo(email)).links.find((each) => each.includes('/verify')) ?? ''
      const followed = await auth.fetch(link, { redirect: 'manual' })
      return new URL(followed.headers.get('location') ?? 'http://none').searchParams.get('code') ?? ''
    },
    /** Enrolled while that was on, challenged when it is not. */
    async challengedWhere(settings: object, factor: object) {
      const { bearer } = await signedUp()
      await auth.set({ ...PHONES, mfa: { webauthn: { enroll: true }, phone: { enroll: true } } })
      const { body } = await post('/factors', bearer, factor)
      return where(settings, async () => refusal(await post(`/factors/${body.id}/challenge`, bearer)))
    },
    async open() {
      key = await makeKey('k1')
      oidc = await startOidc(key)
      hook = createServer((request, response) => {
        const send = () =>
          response.writeHead(200, { 'content-type': scene.answer.type }).end(scene.answer.body)
        request.resume().on('end', send)
      })
      await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
      const acme = { clientIds: [CLIENT.client_id], secret: CLIENT.client_secret, issuer: oidc.issuer }
      const external = { acme: { ...acme, redirectUri: REDIRECT_URI } }
      auth = await openAuth({ external, saml: { enabled: true }, oauthServer: { enabled: true } })
      await auth.reach(Number(new URL(oidc.issuer).port))
      await auth.reach(hookPort())
      await auth.run(FUNCTIONS)
    },
    async close() {
      await auth?.stop()
      oidc?.close()
      hook?.close()
    },
  }
  return scene
}
