/** Single sign-on through a real SAML identity provider, with the real client: who gets in, and with what. */
import { createPublicKey, randomUUID, verify, X509Certificate } from 'node:crypto'
import { inflateRawSync } from 'node:zlib'
import { type IdpHarness, startIdp } from '@cascata/runtime/auth/saml/idp-harness'
import { makeIdpKey } from '@cascata/runtime/auth/saml/responses-harness'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createSso } from '../harness/sso.ts'

let pg: TestPostgres
let auth: AuthRuntime
let idp: IdpHarness
let known: string
const own = makeIdpKey()
const SETTINGS = { saml: { enabled: true, privateKey: own.key }, privateHosts: true }
const sso = createSso(() => auth)

beforeAll(async () => {
  pg = await startPostgres()
  idp = await startIdp(makeIdpKey())
  auth = await startAuthRuntime(pg, SETTINGS)
  known = await sso.provider({ metadata_xml: idp.metadata(), domains: ['Example.com'] })
})
afterAll(async () => {
  await auth?.stop()
  idp?.close()
  await pg?.stop()
})
beforeEach(() => auth.set({}))

const storage = () => {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}
const pkceClient = () => auth.client({ flowType: 'pkce', persistSession: true, storage: storage() })

describe('a sign-in by domain', () => {
  test('makes a user of its own of who is new, and finds it again', async () => {
    const first = await sso.signedIn('ada')
    expect(first.user).toMatchObject({
      ...{ email: 'ada@example.com', is_anonymous: false },
      app_metadata: { provider: expect.stringMatching(/^sso:[0-9a-f-]{36}$/) },
      user_metadata: { iss: idp.entityId, sub: 'ada', email: 'ada@example.com', email_verified: true },
    })
    expect(first.user.email_confirmed_at).toBeTruthy()
    expect(first.user.identities).toMatchObject([{ id: 'ada', provider: first.user.app_metadata.provider }])
    expect((await sso.signedIn('ada')).user.id).toBe(first.user.id)
    const [row] = await pg.admin()<{ is_sso_user: boolean }[]>`
      select is_sso_user from auth.users where id = ${first.user.id}`
    expect(row?.is_sso_user).toBe(true)
  })

  test('says in the token that it was single sign-on, and by whom', async () => {
    const { session, user } = await sso.signedIn('token')
    const claims = sso.claimsIn(session.access_token)
    const provider = String(user.app_metadata.provider).replace('sso:', '')
    expect(claims).toMatchObject({ aal: 'aal1', amr: [{ method: 'sso/saml', provider }] })
  })

  test('with PKCE ends with a code, and nothing secret in the address', async () => {
    const client = pkceClient()
    const back = await sso.walk(client, 'pkce')
    expect([back.hash, back.pathname]).toEqual(['', '/in'])
    const { data, error } = await client.auth.exchangeCodeForSession(back.searchParams.get('code') ?? '')
    expect(error).toBeNull()
    expect(data.user?.email).toBe('pkce@example.com')
    expect((await auth.client().auth.exchangeCodeForSession('x')).error).toBeTruthy()
  })

  test('takes the domain as it is written', async () => {
    const { data } = await auth.client().auth.signInWithSSO({ domain: 'EXAMPLE.COM' })
    expect(data?.url).toContain('SAMLRequest=')
  })

  test('asks with a request that is signed by the key of our metadata', async () => {
    const url = new URL(await sso.begin(auth.client()))
    const [signed = '', signature = ''] = url.search.slice(1).split('&Signature=')
    const metadata = (await auth.call('GET', '/sso/saml/metadata', { key: null })).text
    const certificate = /<ds:X509Certificate>([^<]+)/.exec(metadata)?.[1] ?? ''
    const { publicKey } = new X509Certificate(Buffer.from(certificate, 'base64'))
    expect(publicKey.equals(createPublicKey(own.key))).toBe(true)
    const bytes = Buffer.from(decodeURIComponent(signature), 'base64')
    expect(verify('sha256', Buffer.from(signed), publicKey, bytes)).toBe(true)
    const xml = inflateRawSync(Buffer.from(url.searchParams.get('SAMLRequest') ?? '', 'base64')).toString()
    expect(xml).toContain(`AssertionConsumerServiceURL="${auth.url}/auth/v1/sso/saml/acs"`)
    expect(xml).toContain(`<saml:Issuer>${auth.url}/auth/v1/sso/saml/metadata</saml:Issuer>`)
  })

  test('goes back only to where it may', async () => {
    const back = await sso.walk(auth.client(), 'lost', { redirectTo: 'https://evil.example/steal' })
    expect(back.origin).toBe('http://app.test')
    expect(sso.fragmentOf(back).get('access_token')).toBeTruthy()
  })

  test('is left to who may sign up', async () => {
    await auth.set({ disableSignup: true })
    expect(await sso.refusal('newcomer')).toBe('signup_disabled')
    expect((await sso.signedIn('ada')).user.email).toBe('ada@example.com')
  })

  test('is not for who is banned', async () => {
    const { user } = await sso.signedIn('banned')
    await auth.admin().auth.admin.updateUserById(user.id, { ban_duration: '1h' })
    expect(await sso.refusal('banned')).toBe('user_banned')
  })
})

describe('a provider of another make', () => {
  const outcomeWith = async (options: Record<string, unknown>): Promise<string> => {
    const other = await startIdp(makeIdpKey(), options)
    const providerId = await sso.provider({ metadata_xml: other.metadata() })
    const outcome = await sso.refusal('made', { providerId })
    other.close()
    return outcome
  }

  test.each([
    ['that checks our signature', { signingCert: own.certificate }],
    ['that signs its answer as a whole', { signAssertion: false, signResponse: true }],
    ['that signs both, with a prefix', { signResponse: true, signatureNamespacePrefix: 'ds' }],
  ])('%s is understood', async (_what, options) => {
    expect(await outcomeWith(options)).toBe('none')
  })

  test.each([
    ['that signs nothing', { signAssertion: false }],
    ['that signs with SHA-1', { signatureAlgorithm: 'rsa-sha1', digestAlgorithm: 'sha1' }],
  ])('%s is refused', async (_what, options) => {
    expect(await outcomeWith(options)).toBe('validation_failed')
  })
})

describe('an address', () => {
  const PASSWORD = 'a long enough passphrase 4711'

  test('of somebody else opens nothing of theirs: each has an account', async () => {
    const email = 'both@example.com'
    const made = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
    const { user } = await sso.signedIn('both')
    expect(user.email).toBe(email)
    expect(user.id).not.toBe(made.data.user?.id)
    const { data } = await auth.client().auth.signInWithPassword({ email, password: PASSWORD })
    expect(data.user?.id).toBe(made.data.user?.id)
  })

  test('that only single sign-on has can be signed up with', async () => {
    const { user } = await sso.signedIn('later')
    const { data, error } = await auth
      .client()
      .auth.signUp({ email: 'later@example.com', password: PASSWORD })
    expect(error).toBeNull()
    expect(data.user?.id).not.toBe(user.id)
  })

  test('is one person’s at one provider, and another’s at another', async () => {
    const other = await startIdp(makeIdpKey())
    const id = await sso.provider({ metadata_xml: other.metadata() })
    const here = await sso.signedIn('twice')
    const there = await sso.signedIn('twice', { providerId: id })
    expect(there.user.email).toBe(here.user.email)
    expect(there.user.id).not.toBe(here.user.id)
    other.close()
  })
})

describe('what the provider manages', () => {
  test.each([
    ['password', { password: 'another long passphrase' }],
    ['email', { email: 'other@example.com' }],
    ['phone', { phone: '+15555550123' }],
  ])('%s is not changed here', async (_what, change) => {
    const { client } = await sso.signedIn('managed')
    const { error } = await client.auth.updateUser(change)
    expect(error).toMatchObject({ status: 422, code: 'user_sso_managed' })
  })

  test('a person’s own data is', async () => {
    const { client } = await sso.signedIn('managed')
    const { data, error } = await client.auth.updateUser({
      email: 'managed@example.com',
      data: { theme: 'dark' },
    })
    expect(error).toBeNull()
    expect(data.user?.user_metadata.theme).toBe('dark')
  })

  test('no other way in is made beside it', async () => {
    const external = { acme: { clientIds: ['x'], secret: 'y', issuer: 'http://127.0.0.1:9' } }
    await auth.set({ passkeys: { enabled: true }, manualLinking: true, external })
    const { client, session } = await sso.signedIn('managed')
    const bearer = session.access_token
    const passkey = await auth.call('POST', '/passkeys/registration/options', { bearer, body: {} })
    expect(passkey.body.error_code).toBe('user_sso_managed')
    const linked = await client.auth.linkIdentity({ provider: 'acme' as never })
    expect(linked.error).toMatchObject({ code: 'user_sso_managed' })
    const asked = await auth.client().auth.resetPasswordForEmail('managed@example.com')
    expect(asked.error).toBeNull()
    expect(auth.mailCount('managed@example.com')).toBe(0)
  })
})

describe('what is asked for', () => {
  const refused = async (body: object) => {
    const { status, body: answer } = await auth.call('POST', '/sso', { body })
    return `${status} ${answer.error_code}`
  }

  test.each([
    ['a domain that is nobody’s', { domain: 'nowhere.example' }, '404 sso_provider_not_found'],
    ['a provider that is not there', { provider_id: randomUUID() }, '404 sso_provider_not_found'],
    ['a provider by no id', { provider_id: 'x' }, '400 validation_failed'],
    ['both', { provider_id: randomUUID(), domain: 'example.com' }, '400 validation_failed'],
    ['neither', {}, '400 validation_failed'],
    ['half of PKCE', { domain: 'example.com', code_challenge: 'x' }, '400 validation_failed'],
  ])('%s is refused', async (_what, body, expected) => {
    expect(await refused(body)).toBe(expected)
  })

  test('of a project without SAML is refused, whatever it is', async () => {
    await auth.set({ saml: { enabled: false } })
    expect(await refused({ domain: 'example.com' })).toBe('404 saml_provider_disabled')
    const [metadata, acs] = [
      await auth.call('GET', '/sso/saml/metadata', { key: null }),
      await auth.call('POST', '/sso/saml/acs', { key: null, body: '' }),
    ]
    expect([metadata.body.error_code, acs.body.error_code]).toEqual(Array(2).fill('saml_provider_disabled'))
    expect((await auth.call('GET', '/settings')).body.saml_enabled).toBe(false)
  })

  test('too often from one address has to wait', async () => {
    await auth.set({ rateLimits: { ssoPer5Min: 2 } })
    const headers = { 'x-real-ip': '203.0.113.9' }
    const asked = async () =>
      (await auth.call('POST', '/sso', { body: { domain: 'example.com' }, headers })).status
    expect([await asked(), await asked(), await asked()]).toEqual([303, 303, 429])
    const posted = async () =>
      (await auth.call('POST', '/sso/saml/acs', { key: null, body: 'x=y', headers })).status
    expect([await posted(), await posted(), await posted()]).toEqual([303, 303, 429])
  })

  test('redirects who does not want the URL', async () => {
    const { status, headers } = await auth.call('POST', '/sso', { body: { domain: 'example.com' } })
    expect(status).toBe(303)
    expect(headers.get('location')).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/sso\?SAMLRequest=/)
  })

  test('our metadata is for everybody, and says where answers go', async () => {
    const { status, headers, text } = await auth.call('GET', '/sso/saml/metadata?download=true', {
      key: null,
    })
    expect([status, headers.get('content-type')]).toEqual([200, 'application/xml'])
    expect(headers.get('content-disposition')).toContain('metadata.xml')
    expect(text).toContain(`entityID="${auth.url}/auth/v1/sso/saml/metadata"`)
    expect(text).toContain(`Location="${auth.url}/auth/v1/sso/saml/acs"`)
    expect(text).toMatch(/validUntil="20\d\d-/)
    expect(text).not.toContain('PRIVATE')
    expect((await auth.call('GET', '/settings')).body.saml_enabled).toBe(true)
  })

  test('goes unsigned without a key, and says so', async () => {
    await auth.set({ saml: { enabled: true, privateKey: null } })
    const url = new URL(await sso.begin(auth.client()))
    expect(url.searchParams.get('Signature')).toBeNull()
    expect((await auth.call('GET', '/sso/saml/metadata', { key: null })).text).toContain(
      'AuthnRequestsSigned="false"',
    )
    expect((await sso.signedIn('unsigned')).user.email).toBe('unsigned@example.com')
    idp.describe({ descriptor: ' WantAuthnRequestsSigned="true"' })
    await sso.admin('PUT', `/${known}`, { metadata_xml: idp.metadata() })
    const { status, body } = await auth.call('POST', '/sso', { body: { domain: 'example.com' } })
    expect([status, body.error_code]).toEqual([500, 'unexpected_failure'])
    idp.describe({})
    await sso.admin('PUT', `/${known}`, { metadata_xml: idp.metadata() })
  })
})
