/** Sign-in by wallet, through the real client, and what is refused of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, type Called, startAuthRuntime } from '../harness/auth-runtime.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createEthereumWallet, createSolanaWallet } from '../harness/wallets.ts'

let pg: TestPostgres
let auth: AuthRuntime

const SITE = {
  siteUrl: 'https://app.test',
  redirectUrls: ['https://*.app.test/**', 'https://pages.test/mine/**'],
}
const ON = {
  ...SITE,
  rateLimits: { web3Per5Min: 10_000 },
  web3: { ethereum: { enabled: true }, solana: { enabled: true } },
}

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, ON)
})
afterAll(async () => {
  await auth?.stop()
  await pg?.stop()
})

const now = (offsetMs = 0) => new Date(Date.now() + auth.clock.offsetMs + offsetMs)
type Fields = Record<string, string | undefined>

function ethereumText(address: string, more: Fields = {}, domain = 'app.test'): string {
  const fields: Fields = {
    ...{
      URI: 'https://app.test/in',
      Version: '1',
      'Chain ID': '1',
      'Issued At': now().toISOString(),
      ...more,
    },
  }
  const told = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${value}`],
  )
  return [`${domain} wants you to sign in with your Ethereum account:`, address, '', '', ...told].join('\n')
}

const post = (body: object): Promise<Called> =>
  auth.call('POST', '/token?grant_type=web3', { body, headers: { 'x-real-ip': '203.0.113.9' } })

/** A good message by a new wallet, but for what is said. */
async function posted(more: Fields = {}, given: object = {}, domain?: string): Promise<Called> {
  const wallet = createEthereumWallet()
  const message = ethereumText(wallet.address, more, domain)
  return post({ chain: 'ethereum', message, signature: wallet.sign(message), ...given })
}

describe('a wallet', () => {
  test('of Ethereum signs in as its address, and is found again', async () => {
    const wallet = createEthereumWallet()
    const asked = {
      ...{ chain: 'ethereum', statement: 'Welcome to the shop.', wallet: wallet.provider },
      options: { url: 'https://app.test/in' },
    } as never
    const first = await auth.client().auth.signInWithWeb3(asked)
    expect(first.error).toBeNull()
    expect(first.data.user).toMatchObject({
      ...{ email: '', is_anonymous: false, app_metadata: { provider: 'web3', providers: ['web3'] } },
      identities: [{ provider: 'web3', id: `web3:ethereum:${wallet.address}` }],
      user_metadata: {
        custom_claims: {
          ...{ address: wallet.address, chain: 'ethereum', network: '1', domain: 'app.test' },
          statement: 'Welcome to the shop.',
        },
      },
    })
    const client = auth.client()
    auth.clock.offsetMs += 1_000
    const again = {
      chain: 'ethereum',
      message: ethereumText(wallet.address.toUpperCase().replace('0X', '0x')),
    }
    const signature = wallet.sign(again.message)
    const second = await client.auth.signInWithWeb3({ ...again, signature } as never)
    expect(second.data.user?.id).toBe(first.data.user?.id)
    const { data } = await client.auth.getClaims(second.data.session?.access_token)
    expect(data?.claims).toMatchObject({ aal: 'aal1', amr: [{ method: 'web3' }] })
  })

  test('of Solana signs in as its address, and is found again', async () => {
    const wallet = createSolanaWallet()
    const asked = {
      ...{ chain: 'solana', statement: 'Welcome.', wallet: wallet.provider },
      options: { url: 'https://app.test/in' },
    } as never
    const first = await auth.client().auth.signInWithWeb3(asked)
    expect(first.error).toBeNull()
    expect(first.data.user?.identities?.[0]?.id).toBe(`web3:solana:${wallet.address}`)
    const message = [
      `app.test wants you to sign in with your Solana account:\n${wallet.address}\n`,
      `URI: https://app.test/\nVersion: 1\nChain ID: mainnet\nNonce: abcdefgh\nIssued At: ${now().toISOString()}`,
    ].join('\n')
    const signature = wallet.sign(message)
    const second = await auth.client().auth.signInWithWeb3({ chain: 'solana', message, signature })
    expect(second.error).toBeNull()
    expect(second.data.user?.id).toBe(first.data.user?.id)
  })

  test('is let in once by a message, also of many at once', async () => {
    const wallet = createEthereumWallet()
    const message = ethereumText(wallet.address)
    const body = { chain: 'ethereum', message, signature: wallet.sign(message) }
    const answers = await Promise.all(Array.from({ length: 8 }, () => post(body)))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(new Set(answers.filter(({ status }) => status !== 200).map(refusal))).toEqual(
      new Set(['400 invalid_credentials']),
    )
  })

  test('is remembered to have signed until its message would not be taken anyway', async () => {
    await posted()
    const [before] = await pg.admin()`select count(*)::int as n from auth.web3_messages`
    auth.clock.offsetMs += 700_000
    expect((await posted()).status).toBe(200)
    const [after] = await pg.admin()`select count(*)::int as n from auth.web3_messages`
    expect([before?.n > 0, after?.n]).toEqual([true, 1])
  })

  test('of a banned user stays out', async () => {
    const wallet = createEthereumWallet()
    const sign = async () => {
      auth.clock.offsetMs += 1_000
      const message = ethereumText(wallet.address)
      return post({ chain: 'ethereum', message, signature: wallet.sign(message) })
    }
    const { id } = (await sign()).body.user as { id: string }
    await auth.admin().auth.admin.updateUserById(id, { ban_duration: '1h' })
    expect(refusal(await sign())).toBe('400 user_banned')
  })

  test('that is new is refused where sign-up is off', async () => {
    await auth.set({ disableSignup: true })
    const refused = await posted()
    await auth.set({})
    expect(refusal(refused)).toBe('422 signup_disabled')
  })
})

describe('a message is refused', () => {
  test.each<[string, Fields, string?]>([
    ['for a site that is not ours', { URI: 'https://evil.test/' }, 'evil.test'],
    ['for our URI shown by another site', {}, 'evil.test'],
    ['for our site by its name and another’s URI', { URI: 'https://evil.test/in' }],
    [
      'for a page of a host of which only a part is ours',
      { URI: 'https://pages.test/mine/in' },
      'pages.test',
    ],
    ['without TLS', { URI: 'http://app.test/in' }],
    ['for another port', { URI: 'https://app.test:8443/in' }, 'app.test:8443'],
    ['that is too old', { 'Issued At': new Date(Date.now() - 3_600_000).toISOString() }],
    ['that is expired', { 'Issued At': '2026-01-01T00:00:00Z', 'Expiration Time': '2026-01-01T00:01:00Z' }],
  ])('%s', async (_sentence, fields, domain) => {
    const refused = await posted(fields, {}, domain)
    expect(refusal(refused)).toBe('400 invalid_credentials')
    expect(refused.body).toMatchObject({ error: 'invalid_grant', error_description: refused.body.msg })
  })

  test('from the future, before it counts, and after it has run out', async () => {
    const refused = [
      await posted({ 'Issued At': now(3_600_000).toISOString() }),
      await posted({ 'Not Before': now(60_000).toISOString() }),
      await posted({ 'Issued At': now(-60_000).toISOString(), 'Expiration Time': now(-1_000).toISOString() }),
    ]
    expect(refused.map(({ body }) => body.msg)).toEqual([
      'The signed message was issued too far in the future',
      'The signed message becomes valid in the future',
      'The signed message is expired',
    ])
  })

  test('that was signed by somebody else, for another chain, or changed afterwards', async () => {
    const [ann, eve] = [createEthereumWallet(), createEthereumWallet()]
    const message = ethereumText(ann.address)
    const bodies = [
      { chain: 'ethereum', message, signature: eve.sign(message) },
      { chain: 'ethereum', message: message.replace('/in', '/on'), signature: ann.sign(message) },
      { chain: 'ethereum', message, signature: `${ann.sign(message).slice(0, -2)}1d` },
      { chain: 'ethereum', message, signature: `0x${'0'.repeat(130)}` },
      { chain: 'ethereum', message, signature: `0x${'f'.repeat(128)}1b` },
    ]
    for (const body of bodies) {
      const refused = await post(body)
      expect([refusal(refused), refused.body.msg]).toEqual([
        ...['400 invalid_credentials', 'Signature does not match address in message'],
      ])
    }
  })

  test('whose signature is the other one of the same worth', async () => {
    const wallet = createEthereumWallet()
    const message = ethereumText(wallet.address)
    const signed = Buffer.from(wallet.sign(message).slice(2), 'hex')
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
    const s = order - BigInt(`0x${signed.subarray(32, 64).toString('hex')}`)
    const other = `0x${signed.subarray(0, 32).toString('hex')}${s.toString(16).padStart(64, '0')}${signed[64] === 27 ? '1c' : '1b'}`
    expect(refusal(await post({ chain: 'ethereum', message, signature: other }))).toBe(
      '400 invalid_credentials',
    )
  })

  test.each<[string, object, string]>([
    ['of no chain', { chain: undefined }, '400 web3_unsupported_chain'],
    ['of a chain that is none of these', { chain: 'dogecoin' }, '400 web3_unsupported_chain'],
    ['of a chain by a name of the language’s own', { chain: '__proto__' }, '400 web3_unsupported_chain'],
    ['without a message', { message: undefined }, '400 validation_failed'],
    ['with a short one', { message: 'hello' }, '400 validation_failed'],
    ['with one that is too long', { message: 'x'.repeat(30_000) }, '400 validation_failed'],
    ['with a text that is none', { message: 'x'.repeat(100) }, '400 validation_failed'],
    ['without a signature', { signature: undefined }, '400 validation_failed'],
    ['with a signature that is none', { signature: '0x1234' }, '400 validation_failed'],
  ])('%s', async (_sentence, given, expected) => {
    expect(refusal(await posted({}, given))).toBe(expected)
  })

  test.each([
    ['where wallets are off', { web3: {} }, 'Web3 provider is disabled'],
    [
      'where those of its chain are',
      { web3: { solana: { enabled: true } } },
      'Ethereum Web3 provider is disabled',
    ],
  ])('%s', async (_sentence, settings, words) => {
    await auth.set(settings)
    const refused = await posted()
    await auth.set({})
    expect([refusal(refused), refused.body.msg]).toEqual(['422 web3_provider_disabled', words])
  })

  test('where too many come from one address', async () => {
    await auth.set({ rateLimits: { web3Per5Min: 2 } })
    const answers = [await posted(), await posted(), await posted()]
    await auth.set({})
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 429])
  })
})
