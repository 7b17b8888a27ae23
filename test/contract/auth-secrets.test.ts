/**
 * Every way through auth is walked, also where it fails, with the log at its loudest. None of the secrets that were used
 * on the way stands in the log, or in the answer that refuses somebody.
 */
import { type SmtpHarness, startSmtp } from '@cascata/runtime/auth/mail/smtp-harness'
import {
  CLIENT,
  makeKey,
  type OidcHarness,
  REDIRECT_URI,
  startOidc,
  walk,
} from '@cascata/runtime/auth/providers/oidc-harness'
import { exportJWK, generateKeyPair } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createPeople } from '../harness/auth-people.ts'
import { type AuthRuntime, type Called, startAuthRuntime } from '../harness/auth-runtime.ts'
import { createAuthenticator } from '../harness/authenticator.ts'
import { type Parrot, startParrot } from '../harness/parrot.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { createSecretKeeper } from '../harness/secret-keeper.ts'
import { createEthereumWallet } from '../harness/wallets.ts'

const secrets = createSecretKeeper()
const { keep } = secrets
const hookSecret = (name: string) =>
  `v1,whsec_${keep(name, Buffer.from(`${name} of thirty-two characters, and more`).toString('base64'))}`

let pg: TestPostgres
let auth: AuthRuntime
let oidc: OidcHarness
let parrot: Parrot
/** Lets nobody in, and says the password aloud. */
let smtp: SmtpHarness
const failures: { route: string; text: string }[] = []

/** Long codes: six digits stand in many a text by chance. */
const ON = {
  email: { maxFrequencyS: 1, otpLength: 10 },
  ...{ passkeys: { enabled: true }, manualLinking: true, anonymous: { enabled: true } },
  ...{ siteUrl: 'https://app.test', web3: { ethereum: { enabled: true } } },
  mfa: { phone: { enroll: true, verify: true } },
}

beforeAll(async () => {
  pg = await startPostgres()
  auth = await startAuthRuntime(pg, ON)
  oidc = await startOidc(await makeKey('k1'))
  smtp = await startSmtp({
    ...{ authOptional: false, allowInsecureAuth: true },
    onAuth: ({ username, password }, _session, done) => done(new Error(`not ${username}:${password}`)),
  })
  parrot = await startParrot()
})
afterAll(async () => {
  await auth?.stop()
  oidc?.close()
  parrot?.close()
  await smtp?.close()
  await pg?.stop()
})

async function call(
  method: string,
  path: string,
  options: Parameters<AuthRuntime['call']>[2] = {},
): Promise<Called> {
  const answer = await auth.call(method, path, options)
  const said = `${answer.text} ${JSON.stringify([...answer.headers])}`
  const location = answer.headers.get('location') ?? ''
  if (answer.status >= 400 || location.includes('error='))
    failures.push({ route: `${method} ${path.split('?')[0]}`, text: said })
  return answer
}
const post = (path: string, body: unknown, more: object = {}) => call('POST', path, { body, ...more })
const people = createPeople(() => auth)
/** All that a session is. */
function keepSession(name: string, { body }: Called): string {
  keep(`${name}: refresh token`, String(body.refresh_token))
  return keep(`${name}: access token`, String(body.access_token))
}
const linkIn = (links: readonly string[]) => links.find((each) => each.includes('/verify')) ?? 'http://none'
const hashIn = (links: readonly string[]) => new URL(linkIn(links)).searchParams.get('token') ?? ''

async function walkSignUpAndMail(): Promise<void> {
  const email = 'ways@example.com'
  const password = keep('password at sign-up', 'kx7-vogel-of-the-sign-up')
  await post('/signup', {
    email,
    password,
    data: { note: keep('data of a user', 'a private note of the user') },
  })
  const signedUp = await auth.mailTo(email)
  keep('code of a sign-up', `${signedUp.code}`)
  await call('GET', `/verify?type=signup&token=${keep('link of a sign-up', hashIn(signedUp.links))}`)
  await post('/token?grant_type=password', {
    email,
    password: keep('a wrong password', 'kx7-vogel-but-another'),
  })
  const bearer = keepSession('by password', await post('/token?grant_type=password', { email, password }))
  for (const [type, path] of [
    ['magiclink', '/otp'],
    ['recovery', '/recover'],
  ] as const) {
    auth.clock.offsetMs += 60_000
    await post(path, { email })
    const mail = await auth.mailTo(email)
    await post('/verify', { type, email, token: '000000' })
    keep(`code: ${type}`, `${mail.code}`)
    const verified = await post('/verify', { type, token_hash: keep(`link: ${type}`, hashIn(mail.links)) })
    keepSession(type, verified)
    await post('/verify', { type, token_hash: hashIn(mail.links) })
  }
  auth.clock.offsetMs += 60_000
  await call('GET', '/reauthenticate', { bearer })
  keep('code of a reauthentication', `${(await auth.mailTo(email)).code}`)
  const changed = {
    password: keep('a new password', 'kx7-vogel-that-is-new'),
    nonce: keep('a wrong nonce', '918273645'),
  }
  await call('PUT', '/user', { bearer, body: changed })
  await call('PUT', '/user', { bearer, body: { password: keep('a password that is weak', 'qwertyuiop') } })
  await call('PUT', '/user', { bearer, body: { email: 'moved@example.com' } })
  keep('code of a new address', `${(await auth.mailTo('moved@example.com')).code}`)
  await call('POST', '/logout', { bearer })
  await call('GET', '/user', { bearer })
}

async function walkRefreshAndFlow(): Promise<void> {
  const { email } = await people.signedUp()
  const password = 'a long enough passphrase 4711'
  const first = await post('/token?grant_type=password', { email, password })
  keepSession('to be refreshed', first)
  const second = await post('/token?grant_type=refresh_token', { refresh_token: first.body.refresh_token })
  keepSession('refreshed', second)
  auth.clock.offsetMs += 60_000
  await post('/token?grant_type=refresh_token', { refresh_token: first.body.refresh_token })
  await post('/token?grant_type=refresh_token', { refresh_token: second.body.refresh_token })
  await post('/token?grant_type=refresh_token', {
    refresh_token: keep('a made-up refresh token', 'made-up-refresh-tok'),
  })
  const verifier = keep('code verifier', 'v'.repeat(60))
  const challenge = { code_challenge: 'c'.repeat(43), code_challenge_method: 's256' }
  auth.clock.offsetMs += 60_000
  await post('/otp', { email, ...challenge })
  const { links } = await auth.mailTo(email)
  const link = new URL(linkIn(links))
  const followed = await call('GET', `/verify${link.search}`)
  const code = new URL(followed.headers.get('location') ?? 'http://none').searchParams.get('code') ?? ''
  await post('/token?grant_type=pkce', { auth_code: keep('auth code', code), code_verifier: verifier })
  await post('/token?grant_type=pkce', { auth_code: code, code_verifier: verifier })
}

async function walkFactors(): Promise<void> {
  const person = await people.protectedUser()
  const { bearer, factor } = person
  keep('secret of an app', factor.secret)
  keep('address of an app', factor.totp.uri)
  const { body } = await post('/factors/recovery-codes', {}, { bearer })
  const [used, unused] = body.codes as string[]
  keep('recovery code', `${unused}`)
  const challengeId = await people.challenged(factor.id, bearer)
  const answer = { challenge_id: challengeId, code: keep('recovery code that is used', `${used}`) }
  keepSession('raised', await post(`/factors/${factor.id}/verify`, answer, { bearer }))
  const again = {
    challenge_id: await people.challenged(factor.id, bearer),
    code: keep('a wrong code', '135792468'),
  }
  await post(`/factors/${factor.id}/verify`, again, { bearer })
  const key = createAuthenticator({ origin: 'https://app.test', rpId: 'app.test' })
  const options = await post('/passkeys/registration/options', {}, { bearer })
  const asked = options.body.options as { challenge: string }
  keep('challenge of a passkey', asked.challenge)
  const made = {
    challenge_id: options.body.challenge_id,
    credential: key.create(asked, { isUnverified: true }),
  }
  await post('/passkeys/registration/verify', made, { bearer })
  const login = await post('/passkeys/authentication/options', {})
  const signed = key.sign(login.body.options)
  keep('signature of a passkey', String((signed.response as { signature: string }).signature))
  await post('/passkeys/authentication/verify', { challenge_id: login.body.challenge_id, credential: signed })
}

async function walkProviders(): Promise<void> {
  const issuer = { clientIds: [CLIENT.client_id], issuer: oidc.issuer, redirectUri: REDIRECT_URI }
  const external = {
    good: { ...issuer, secret: CLIENT.client_secret },
    bad: { ...issuer, secret: keep('secret of a provider', 'the-wrong-secret-of-a-provider') },
    github: {
      ...{ clientIds: ['x'], secret: keep('secret of GitHub', 'the-secret-of-github-here') },
      ...{ url: parrot.url, redirectUri: REDIRECT_URI },
    },
  }
  keep('secret of a provider that works', CLIENT.client_secret)
  await auth.set({ external })
  for (const provider of ['good', 'bad'] as const) {
    const { headers } = await call('GET', `/authorize?provider=${provider}`)
    const back = await walk(headers.get('location') ?? '', `of-${provider}`)
    keep(`code of a provider, ${provider}`, back.get('code') ?? '')
    const arrived = await call('GET', `/callback?${back}`)
    const fragment = new URLSearchParams(
      new URL(arrived.headers.get('location') ?? 'http://none').hash.slice(1),
    )
    if (provider === 'good') {
      keep('token of a provider', fragment.get('provider_token') ?? '')
      keep('access token by a provider', fragment.get('access_token') ?? '')
    }
    await call('GET', `/callback?${back}`)
  }
  const { headers } = await call('GET', '/authorize?provider=github')
  const state = new URL(headers.get('location') ?? 'http://none').searchParams.get('state')
  await call('GET', `/callback?state=${state}&code=${keep('code of GitHub', 'a-code-that-github-gave')}`)
  const id_token = keep('an ID token', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJlLW9mLXg')
  await post('/token?grant_type=id_token', {
    ...{ provider: 'good', id_token, access_token: keep('token of an app', 'the-access-token-of-an-app') },
    nonce: keep('nonce of an app', 'the-nonce-of-an-app'),
  })
  await auth.set({})
}

async function walkWallet(): Promise<void> {
  const wallet = createEthereumWallet()
  const message = `evil.test wants you to sign in with your Ethereum account:\n${wallet.address}\n\n\nURI: https://evil.test/\nVersion: 1\nChain ID: 1\nIssued At: ${new Date().toISOString()}`
  const signature = keep('signature of a wallet', wallet.sign(message))
  await post('/token?grant_type=web3', { chain: 'ethereum', message, signature })
}

async function walkAdmin(): Promise<void> {
  const service = keep('service key', auth.keys.service)
  keep('anonymous key', auth.keys.anon)
  keep('secret of the project', auth.secret)
  keep('password of the database', pg.passwords.authenticator)
  const by = { bearer: service }
  const email = 'administered@example.com'
  const password = keep('password by an administrator', 'kx7-vogel-of-an-admin')
  await post('/admin/users', { email, password, email_confirm: true }, by)
  await post('/admin/users', { email, password }, by)
  const hash = '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
  await post('/admin/users', { email: 'h@example.com', password_hash: keep('a hash', hash) }, by)
  await post(
    '/admin/users',
    { email: 'i@example.com', password_hash: keep('a hash that is none', '$9z$unreadable-hash') },
    by,
  )
  const link = await post('/admin/generate_link', { type: 'magiclink', email }, by)
  keep('hash of a link that was made', String(link.body.hashed_token))
  keep('code of a link that was made', String(link.body.email_otp))
  await post('/invite', { email: 'invited@example.com' }, by)
  keep('link of an invitation', hashIn((await auth.mailTo('invited@example.com')).links))
  await call('GET', '/admin/audit?per_page=1000', by)
  await post('/admin/users', {}, { bearer: keep('a bearer that is none', 'not.a-token-at.all-of-it') })
}

/** Those whom we ask fail, and say aloud what they were sent. */
async function walkFailingOthers(): Promise<void> {
  const email = 'failing@example.com'
  const password = keep('password while others fail', 'kx7-vogel-of-failing')
  await post('/admin/users', { email, password, email_confirm: true }, { bearer: auth.keys.service })
  const mail = { user: 'shop', password: keep('password of mail', 'the-password-of-the-mail') }
  await auth.set({ smtp: { ...smtp.settings, ...mail, secure: 'never', senderEmail: 'a@app.test' } })
  await post('/recover', { email })
  await post('/signup', { email: 'unsent@example.com', password })
  const provider = {
    kind: 'twilio',
    accountSid: 'AC1',
    authToken: keep('token of Twilio', 'the-token-of-twilio'),
    from: '+49',
  }
  const phone = { enabled: true, maxFrequencyS: 0, otpLength: 10 }
  const text = `${keep('text of a message', 'a private greeting')} {{ .Code }}`
  await auth.set({ phone: { ...phone, template: text, provider: { ...provider, url: parrot.url } } })
  await post('/otp', { phone: '4915112345678' })
  const webhook = { kind: 'webhook', url: parrot.url, secret: hookSecret('secret of messages') }
  await auth.set({ phone: { ...phone, template: text, provider: webhook } })
  await post('/otp', { phone: '4915112345679' })
  for (const name of [
    'sendEmail',
    'sendSms',
    'beforeUserCreated',
    'customAccessToken',
    'passwordVerificationAttempt',
  ]) {
    const hook = { uri: `${parrot.url}/${name}`, secrets: [hookSecret(`secret of the hook ${name}`)] }
    await auth.set({ hooks: { [name]: hook }, phone })
    auth.clock.offsetMs += 60_000
    await post('/recover', { email })
    await post('/signup', { email: `${name.toLowerCase()}@example.com`, password })
    await post('/token?grant_type=password', { email, password })
    await post('/otp', { phone: '4915112345680' })
  }
  const captcha = { provider: 'turnstile', secret: keep('secret of a captcha', 'the-secret-of-a-captcha') }
  await auth.set({ captcha: { ...captcha, verifyUrl: parrot.url } })
  const token = keep('answer of a captcha', 'the-answer-to-a-captcha')
  await post('/signup', { email, password, gotrue_meta_security: { captcha_token: token } })
  const { privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(privateKey)), kid: 'k1', alg: 'ES256', key_ops: ['sign', 'verify'] }
  keep('private key of tokens', String(jwk.d))
  await auth.set({ jwt: { keys: [jwk] } })
  await post('/token?grant_type=password', { email, password })
  await call('GET', '/.well-known/jwks.json')
  await auth.set({})
}

/** Where nobody expects a secret. */
async function walkBadRequests(): Promise<void> {
  const inBody = keep('secret in a body that is no JSON', 'hidden-in-broken-json')
  await post('/signup', `{"email":"a@b.c","password":"${inBody}"`)
  await post('/token?grant_type=password', `["${keep('secret in a list', 'hidden-in-a-list')}"]`)
  await post('/signup', { email: `${keep('secret in an address', 'hidden in an address')}`, password: 'x' })
  await post('/verify', { type: keep('secret as a type', 'hidden-as-a-type'), token: '1' })
  await post(`/token?grant_type=${keep('secret as a grant', 'hidden-as-a-grant')}`, {})
  await call('GET', `/user?access_token=${keep('secret in a query', 'hidden-in-a-query')}`)
  await call(
    'GET',
    `/callback?state=x&code=${keep('code without a flow', 'hidden-as-a-code')}&user=${keep('user in a query', 'hidden-as-a-user')}`,
  )
  await call('GET', '/user', {
    headers: { authorization: `Basic ${keep('secret of another scheme', 'aGlkZGVuOmJhc2lj')}` },
  })
  await call('GET', '/user', {
    headers: { cookie: `sb=${keep('secret in a cookie', 'hidden-in-a-cookie')}` },
  })
  await call('GET', '/user', { key: keep('a key that is none', 'sb_secret_hidden-as-a-key') })
  await call('GET', '/user', {
    headers: { 'x-client-info': keep('secret in a header', 'hidden-in-a-header') },
  })
  await post('/callback', undefined, {
    headers: { 'x-api-key': keep('secret as another key', 'hidden-as-x-api-key') },
  })
  // What the database refuses: its own words would repeat it.
  const data = { note: `${keep('data with a zero byte', 'hidden-beside-a-zero')}\u0000` }
  await post('/signup', {
    email: 'zero@example.com',
    password: keep('password beside it', 'kx7-vogel-zero-byte'),
    data,
  })
  await post('/signup', {
    email: 'zero2@example.com',
    password: `${keep('password with a zero byte', 'kx7-vogel-zero')}\u0000`,
  })
  await post('/token?grant_type=refresh_token', {
    refresh_token: `${keep('token with a zero byte', 'hidden-token-zero')}\u0000`,
  })
  await post('/verify', {
    type: 'email',
    email: 'a@b.c',
    token: `${keep('code with a zero byte', 'hidden-code-zero')}\u0000`,
  })
}

test('fifty and more secrets were used on every way, and none was told', { timeout: 120_000 }, async () => {
  await walkSignUpAndMail()
  await walkRefreshAndFlow()
  await walkFactors()
  await walkProviders()
  await walkWallet()
  await walkAdmin()
  await walkFailingOthers()
  await walkBadRequests()
  // Letters that are sent later are told of later.
  await expect.poll(() => auth.log.join('')).toContain('mail not sent')
  const log = auth.log.join('\n')
  expect(secrets.names().length).toBeGreaterThanOrEqual(50)
  expect(auth.log.length).toBeGreaterThan(50)
  expect(failures.length).toBeGreaterThan(30)
  expect(secrets.foundIn(log)).toEqual([])
  const told = failures.flatMap(({ route, text }) => secrets.foundIn(text).map((name) => `${route}: ${name}`))
  expect(told).toEqual([])
})

test('the audit log has none of them either', async () => {
  const rows = await pg.admin()`select payload::text, ip_address from auth.audit_log_entries`
  expect(rows.length).toBeGreaterThan(20)
  expect(secrets.foundIn(JSON.stringify(rows))).toEqual([])
})

test('a row that the database refuses is told by its constraint, and not by what stands in it', async () => {
  const email = 'refused@example.com'
  await pg
    .admin()
    .unsafe(`alter table auth.users add constraint of_this_test check (email <> '${email}')`)
    .simple()
  const data = { note: 'a private note of the refused' }
  const { status, text } = await auth.call('POST', '/signup', {
    body: { email, password: 'a passphrase of the refused', data },
  })
  await pg.admin()`alter table auth.users drop constraint of_this_test`
  expect(status).toBe(500)
  const told = `${text} ${auth.log.join('')}`
  expect(auth.log.join('')).toContain('of_this_test')
  for (const secret of ['$argon2id$', data.note, 'a passphrase of the refused'])
    expect(told).not.toContain(secret)
})
