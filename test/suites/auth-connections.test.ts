/** Single sign-on and wallets, by the methods of auth-js: who gets in through a company or by a key of their own. */
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'
import { type IdentityProvider, makeIdpKey, startIdentityProvider } from '../harness/saml-provider.ts'
import { createSso } from '../harness/sso.ts'
import { createEthereumWallet, createSolanaWallet } from '../harness/wallets.ts'

let auth: AuthPlace
let idp: IdentityProvider
let provider: string
const sso = createSso(() => auth)
const DOMAIN = `company-${randomUUID().slice(0, 13)}.example`

beforeAll(async () => {
  idp = await startIdentityProvider()
  auth = await openAuth({
    // What a wallet signs is for a site with TLS.
    ...{ siteUrl: 'https://app.test', redirectUrls: ['http://app.test/**', 'https://app.test/**'] },
    saml: { enabled: true, privateKey: makeIdpKey().key },
    privateHosts: true,
    web3: { ethereum: { enabled: true }, solana: { enabled: true } },
  })
  await auth.reach(Number(new URL(idp.metadataUrl).port))
  provider = await sso.provider({ metadata_url: idp.metadataUrl, domains: [DOMAIN] })
})
afterAll(async () => {
  // The suites share a project.
  if (provider) await sso.admin('DELETE', `/${provider}`)
  await auth?.stop()
  idp?.close()
})

const storage = () => {
  const kept = new Map<string, string>()
  return {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => void kept.set(name, value),
    removeItem: (name: string) => void kept.delete(name),
  }
}

describe('signInWithSSO', () => {
  test('by domain ends with a session of whoever the provider says it is, and finds them again', async () => {
    const first = await sso.signedIn('ada', { domain: DOMAIN })
    expect([first.back.origin, first.back.pathname]).toEqual(['http://app.test', '/in'])
    expect(first.user).toMatchObject({
      ...{ email: 'ada@example.com', is_anonymous: false, app_metadata: { provider: `sso:${provider}` } },
      identities: [{ id: 'ada', provider: `sso:${provider}` }],
    })
    expect(sso.claimsIn(first.session.access_token)).toMatchObject({
      amr: [{ method: 'sso/saml', provider }],
    })
    expect((await sso.signedIn('ada', { providerId: provider })).user.id).toBe(first.user.id)
  })

  test('with PKCE ends with a code, and nothing secret in the address', async () => {
    const client = auth.client({ flowType: 'pkce', persistSession: true, storage: storage() })
    const back = await sso.walk(client, 'grace', { providerId: provider })
    expect([back.hash, back.pathname]).toEqual(['', '/in'])
    const { data, error } = await client.auth.exchangeCodeForSession(back.searchParams.get('code') ?? '')
    expect([error, data.user?.email]).toEqual([null, 'grace@example.com'])
  })

  test('has a session that is refreshed and ended like any other', async () => {
    const { client, session } = await sso.signedIn('linus', { providerId: provider })
    const { data } = await client.auth.refreshSession()
    expect(data.session?.refresh_token).not.toBe(session.refresh_token)
    expect((await client.auth.signOut()).error).toBeNull()
    const bearer = data.session?.access_token ?? ''
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(403)
  })

  test('asks with a request that says who asks, signed', async () => {
    const asked = new URL(await sso.begin(auth.client(), { providerId: provider })).searchParams
    expect([asked.has('SAMLRequest'), asked.has('RelayState')]).toEqual([true, true])
    expect(asked.get('Signature')).toBeTruthy()
    const metadata = await auth.call('GET', '/sso/saml/metadata', { key: null })
    expect(metadata.text).toContain(`entityID="${auth.url}/auth/v1/sso/saml/metadata"`)
  })

  test('takes an answer once', async () => {
    const form = await sso.formOf('once', { providerId: provider })
    expect(form.action).toBe(`${auth.url}/auth/v1/sso/saml/acs`)
    expect(sso.fragmentOf(await sso.post(form.fields)).get('access_token')).toBeTruthy()
    expect(sso.codeOf(await sso.post(form.fields))).toBe('saml_relay_state_not_found')
  })

  test('goes back only to where it may', async () => {
    const back = await sso.walk(auth.client(), 'lost', {
      ...{ providerId: provider, redirectTo: 'https://evil.example/steal' },
    })
    expect(back.origin).toBe('https://app.test')
  })
})

describe('a provider of single sign-on', () => {
  test('is shown, listed, changed and taken away by the service key, and ends with that', async () => {
    const other = await startIdentityProvider()
    const id = await sso.provider({ metadata_xml: other.metadata() })
    const shown = await sso.admin('GET', `/${id}`)
    expect(shown.body).toMatchObject({
      id,
      disabled: false,
      saml: { entity_id: other.entityId },
      domains: [],
    })
    const domain = `other-${DOMAIN}`
    const changed = await sso.admin('PUT', `/${id}`, { domains: [domain] })
    expect(changed.body.domains).toMatchObject([{ domain }])
    const { items } = (await sso.admin('GET', '')).body as { items: { id: string }[] }
    expect(items.map((each) => each.id)).toEqual(expect.arrayContaining([provider, id]))
    expect(await sso.refusal('ada', { domain })).toBe('none')
    expect((await sso.admin('DELETE', `/${id}`)).body.id).toBe(id)
    const { error } = await auth.client().auth.signInWithSSO({ domain })
    expect(error).toMatchObject({ status: 404, code: 'sso_provider_not_found' })
    other.close()
  })

  test('is nobody else’s to see', async () => {
    const { session } = await sso.signedIn('curious', { providerId: provider })
    const seen = (options: object) => auth.call('GET', `/admin/sso/providers/${provider}`, options)
    expect((await seen({})).status).toBe(401)
    expect((await seen({ bearer: session.access_token })).body).toMatchObject({ error_code: 'not_admin' })
  })
})

describe('signInWithWeb3', () => {
  const nowText = () => new Date(auth.now()).toISOString()
  const fields = (chainId: string) => [
    ...[
      'URI: https://app.test/in',
      'Version: 1',
      `Chain ID: ${chainId}`,
      `Nonce: ${randomUUID().slice(0, 8)}`,
    ],
    `Issued At: ${nowText()}`,
  ]
  const ethereumText = (address: string): string => {
    const asked = ['app.test wants you to sign in with your Ethereum account:', address, '', '']
    return [...asked, ...fields('1')].join('\n')
  }
  const solanaText = (address: string): string => {
    const asked = ['app.test wants you to sign in with your Solana account:', address, '']
    return [...asked, ...fields('mainnet')].join('\n')
  }
  const options = { url: 'https://app.test/in' }

  test('with a wallet of Ethereum signs in as its address, and a message and its signature do too', async () => {
    const wallet = createEthereumWallet()
    const asked = { chain: 'ethereum', statement: 'Welcome.', wallet: wallet.provider, options } as never
    const first = await auth.client().auth.signInWithWeb3(asked)
    expect(first.error).toBeNull()
    expect(first.data.user).toMatchObject({
      ...{ email: '', is_anonymous: false, app_metadata: { provider: 'web3', providers: ['web3'] } },
      identities: [{ provider: 'web3', id: `web3:ethereum:${wallet.address}` }],
      user_metadata: { custom_claims: { address: wallet.address, chain: 'ethereum', statement: 'Welcome.' } },
    })
    const message = ethereumText(wallet.address)
    const given = { chain: 'ethereum' as const, message, signature: wallet.sign(message) }
    const second = await auth.client().auth.signInWithWeb3(given)
    expect([second.error, second.data.user?.id]).toEqual([null, first.data.user?.id])
    expect(sso.claimsIn(second.data.session?.access_token ?? '')).toMatchObject({
      ...{ aal: 'aal1', amr: [{ method: 'web3' }] },
    })
  })

  test('with a wallet of Solana signs in as its address, and a message and its signature do too', async () => {
    const wallet = createSolanaWallet()
    const asked = { chain: 'solana', statement: 'Welcome.', wallet: wallet.provider, options } as never
    const first = await auth.client().auth.signInWithWeb3(asked)
    expect(first.error).toBeNull()
    expect(first.data.user?.identities).toMatchObject([{ id: `web3:solana:${wallet.address}` }])
    const message = solanaText(wallet.address)
    const given = { chain: 'solana' as const, message, signature: wallet.sign(message) }
    const second = await auth.client().auth.signInWithWeb3(given)
    expect([second.error, second.data.user?.id]).toEqual([null, first.data.user?.id])
  })

  test('takes a message once', async () => {
    const wallet = createEthereumWallet()
    const message = ethereumText(wallet.address)
    const enter = () =>
      auth.client().auth.signInWithWeb3({ chain: 'ethereum', message, signature: wallet.sign(message) })
    expect((await enter()).error).toBeNull()
    expect((await enter()).error).toMatchObject({ status: 400, code: 'invalid_credentials' })
  })

  test.each([
    ['that somebody else signed', createEthereumWallet, (text: string) => text],
    ['that was changed after it was signed', undefined, (text: string) => text.replace('/in', '/on')],
    ['for another site', undefined, (text: string) => text, 'evil.test'],
  ])('refuses a message %s', async (_what, signer, changed, site = 'app.test') => {
    const wallet = createEthereumWallet()
    const text = ethereumText(wallet.address).replaceAll('app.test', site)
    const signature = (signer?.() ?? wallet).sign(text)
    const given = { chain: 'ethereum' as const, message: changed(text), signature }
    const { error } = await auth.client().auth.signInWithWeb3(given)
    expect(error).toMatchObject({ status: 400, code: 'invalid_credentials' })
  })
})
