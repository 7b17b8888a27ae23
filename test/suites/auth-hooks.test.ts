/** Hooks of a project: functions in its database, and signed calls over HTTP. */
import { createHmac } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'
import { createEthereumWallet } from '../harness/wallets.ts'

const PASSWORD = 'a long enough passphrase 4711'
const SECRET = `v1,whsec_${Buffer.from('a secret of thirty-two characters').toString('base64')}`
const FUNCTIONS = `
create schema hooks;
grant usage on schema hooks to supabase_auth_admin;
create function hooks.claims(event jsonb) returns jsonb language sql as $$
  select jsonb_build_object('claims', event -> 'claims' || jsonb_build_object('plan', 'pro', 'by', event ->> 'authentication_method')) $$;
create function hooks.audiences(event jsonb) returns jsonb language sql as $$
  select jsonb_build_object('claims', event -> 'claims' || '{"aud":["authenticated","shop"]}'::jsonb) $$;
create function hooks.strangers(event jsonb) returns jsonb language sql as $$
  select jsonb_build_object('claims', event -> 'claims' || '{"aud":["another","shop"]}'::jsonb) $$;
create function hooks.welcome(event jsonb) returns jsonb language sql as $$
  select case when event -> 'user' ->> 'email' like '%@evil.example'
    then '{"decision":"reject","message":"Not from there."}'::jsonb else '{}'::jsonb end $$;
create table hooks.attempts (user_id uuid, valid bool);
grant insert on hooks.attempts to supabase_auth_admin;
create function hooks.attempt(event jsonb) returns jsonb language sql as $$
  insert into hooks.attempts values ((event ->> 'user_id')::uuid, (event ->> 'valid')::bool);
  select '{"decision":"continue"}'::jsonb $$;
create function hooks.nobody(event jsonb) returns jsonb language sql as $$
  select '{"decision":"reject","message":"Nobody."}'::jsonb $$;
create table hooks.newcomers (id uuid, anonymous bool, email text);
grant insert on hooks.newcomers to supabase_auth_admin;
create function hooks.newcomer(event jsonb) returns jsonb language sql as $$
  insert into hooks.newcomers select (u ->> 'id')::uuid, (u ->> 'is_anonymous')::bool, u ->> 'email' from (select event -> 'user' as u) e;
  select '{}'::jsonb $$;
create function hooks.broken(event jsonb) returns jsonb language plpgsql as $$ begin raise exception 'a secret of the hook'; end $$;
create function hooks.slow(event jsonb) returns jsonb language plpgsql as $$ begin perform pg_sleep(30); return '{}'; end $$;
grant execute on all functions in schema hooks to supabase_auth_admin;`

let auth: AuthPlace
let server: Server
let received: { headers: IncomingHttpHeaders; body: string }[] = []
let answer: { status: number; body: string } = { status: 200, body: '{}' }
/** What happens before it answers. */
let onAsked = async () => {}

beforeAll(async () => {
  auth = await openAuth()
  await auth.run(FUNCTIONS)
  server = createServer((request, response) => {
    let body = ''
    request.on('data', (piece: Buffer) => {
      body += piece
    })
    request.on('end', () => {
      received.push({ headers: request.headers, body })
      const reply = () =>
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
      onAsked().then(reply, () => response.destroy())
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  await auth.reach((server.address() as AddressInfo).port)
})
afterAll(async () => {
  await auth?.stop()
  server?.close()
})
afterEach(async () => {
  received = []
  answer = { status: 200, body: '{}' }
  onAsked = async () => {}
  await auth.set({})
})

const inDatabase = (name: string) => ({ uri: `pg-functions://postgres/hooks/${name}` })
/** To everybody, whoever they say they are. */
const OPEN = {
  ...{ siteUrl: 'https://app.test', redirectUrls: ['https://app.test/**'] },
  ...{ anonymous: { enabled: true }, web3: { ethereum: { enabled: true } } },
}

function signedByWallet() {
  const { address, sign } = createEthereumWallet()
  const message = [
    ...['app.test wants you to sign in with your Ethereum account:', address, '', ''],
    ...['URI: https://app.test/in', 'Version: 1', 'Chain ID: 1'],
    `Issued At: ${new Date(auth.now()).toISOString()}`,
  ].join('\n')
  return { chain: 'ethereum' as const, message, signature: sign(message) }
}

const overHttp = () => ({
  uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
  secrets: [SECRET],
})

async function person(email: string) {
  const made = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, email_confirm: true })
  if (made.error) throw made.error
  return made.data.user
}

describe('a function of the database', () => {
  test('adds claims to each token, also to a refreshed one', async () => {
    await person('claims@example.com')
    await auth.set({ hooks: { customAccessToken: inDatabase('claims') } })
    const client = auth.client()
    const { data } = await client.auth.signInWithPassword({ email: 'claims@example.com', password: PASSWORD })
    const claims = async (token = '') => (await client.auth.getClaims(token)).data?.claims
    expect(await claims(data.session?.access_token)).toMatchObject({ plan: 'pro', by: 'password' })
    const next = await client.auth.refreshSession()
    expect(await claims(next.data.session?.access_token)).toMatchObject({ plan: 'pro', by: 'token_refresh' })
  })

  test('may name several audiences, of which the project’s must be one', async () => {
    await person('audiences@example.com')
    const client = auth.client()
    const signIn = () =>
      client.auth.signInWithPassword({ email: 'audiences@example.com', password: PASSWORD })
    await auth.set({ hooks: { customAccessToken: inDatabase('audiences') } })
    const { data } = await signIn()
    expect((await client.auth.getUser(data.session?.access_token)).data.user?.email).toBe(
      'audiences@example.com',
    )
    await auth.set({ hooks: { customAccessToken: inDatabase('strangers') } })
    const other = await auth.call('POST', '/token?grant_type=password', {
      body: { email: 'audiences@example.com', password: PASSWORD },
    })
    const refused = await auth.call('GET', '/user', { bearer: String(other.body.access_token) })
    expect([refused.status, refused.body.error_code]).toEqual([403, 'bad_jwt'])
  })

  test('refuses who is not wanted, and nothing is left of them', async () => {
    await auth.set({ hooks: { beforeUserCreated: inDatabase('welcome') } })
    const refused = await auth.client().auth.signUp({ email: 'x@evil.example', password: PASSWORD })
    expect(refused.error).toMatchObject({ status: 403, message: 'Not from there.' })
    expect(await auth.rows`select 1 from auth.users where email = 'x@evil.example'`).toHaveLength(0)
    const taken = await auth.client().auth.signUp({ email: 'x@good.example', password: PASSWORD })
    expect(taken.error).toBeNull()
  })

  test('refuses a wallet and somebody without a name, too', async () => {
    await auth.set({
      hooks: { beforeUserCreated: inDatabase('nobody') },
      ...OPEN,
    })
    const before = await auth.rows`select count(*)::int as n from auth.users`
    const anonymous = await auth.client().auth.signInAnonymously()
    expect(anonymous.error).toMatchObject({ status: 403, message: 'Nobody.' })
    const wallet = await auth.client().auth.signInWithWeb3(signedByWallet())
    expect(wallet.error).toMatchObject({ status: 403, message: 'Nobody.' })
    expect(await auth.rows`select count(*)::int as n from auth.users`).toEqual(before)
  })

  test('is told once of everybody who comes, whichever way', async () => {
    await auth.set({
      hooks: { afterUserCreated: inDatabase('newcomer') },
      ...OPEN,
    })
    const signedUp = await auth.client().auth.signUp({ email: 'new@example.com', password: PASSWORD })
    await auth.client().auth.signUp({ email: 'new@example.com', password: PASSWORD })
    await auth.client().auth.signInWithOtp({ email: 'linked@example.com' })
    const anonymous = await auth.client().auth.signInAnonymously()
    const signed = signedByWallet()
    const wallet = await auth.client().auth.signInWithWeb3(signed)
    for (const { error } of [signedUp, anonymous, wallet]) expect(error).toBeNull()
    const told = await auth.rows`select id, anonymous, email from hooks.newcomers`
    expect(told.map(({ id }) => id)).toEqual(
      expect.arrayContaining([signedUp, anonymous, wallet].map(({ data }) => data.user?.id)),
    )
    expect(told.map(({ anonymous: is, email }) => [is, email]).toSorted()).toEqual(
      [
        [false, ''],
        [false, 'linked@example.com'],
        [false, 'new@example.com'],
        [true, ''],
      ].toSorted(),
    )
  })

  test('sees each attempt with a password', async () => {
    const user = await person('attempts@example.com')
    await auth.set({ hooks: { passwordVerificationAttempt: inDatabase('attempt') } })
    for (const password of ['not it at all', PASSWORD])
      await auth.client().auth.signInWithPassword({ email: 'attempts@example.com', password })
    const rows =
      await auth.rows`select valid from hooks.attempts where user_id = ${user?.id ?? ''} order by valid`
    expect(rows.map(({ valid }) => valid)).toEqual([false, true])
  })

  test.each([
    ['that fails', 'broken', 500],
    ['that takes too long', 'slow', 422],
    ['that is not there', 'nowhere', 500],
  ])('%s lets nobody in, and its words reach nobody', async (_what, name, status) => {
    const email = `${name}@example.com`
    await person(email)
    await auth.set({ hooks: { customAccessToken: inDatabase(name) } })
    const body = { email, password: PASSWORD }
    const called = await auth.call('POST', '/token?grant_type=password', { body })
    expect(called.status).toBe(status)
    expect(called.text).not.toContain('a secret of the hook')
    expect(
      await auth.rows`select 1 from auth.sessions s join auth.users u on u.id = s.user_id where u.email = ${email}`,
    ).toHaveLength(0)
  })
})

describe('a call over HTTP', () => {
  test('sends the mail instead of us, signed', async () => {
    await person('mail@example.com')
    await auth.set({ hooks: { sendEmail: overHttp() }, smtp: null })
    const { error } = await auth.client().auth.resetPasswordForEmail('mail@example.com')
    expect(error).toBeNull()
    await expect.poll(() => received.length).toBe(1)
    const [{ headers, body } = { headers: {}, body: '' }] = received
    const { user, email_data: data } = JSON.parse(body)
    expect(user.email).toBe('mail@example.com')
    expect(data).toMatchObject({ email_action_type: 'recovery', token: expect.stringMatching(/^\d{6}$/) })
    const key = Buffer.from(SECRET.slice('v1,whsec_'.length), 'base64')
    const text = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`
    expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', key).update(text).digest('base64')}`)
    const verified = await auth
      .client()
      .auth.verifyOtp({ email: 'mail@example.com', token: data.token, type: 'recovery' })
    expect(verified.error).toBeNull()
  })

  const askedFor = (at = 0) => JSON.parse(received[at]?.body ?? '{}')
  const moving = async (name: string) => {
    const email = `moving-${name}@example.com`
    await person(email)
    const client = auth.client()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    return { email, next: `new-${name}@example.com`, client }
  }

  test('is told of a change once, with what each of both addresses has to show', async () => {
    const { email, next, client } = await moving('both')
    await auth.set({ hooks: { sendEmail: overHttp() }, smtp: null })
    expect((await client.auth.updateUser({ email: next })).error).toBeNull()
    expect(received).toHaveLength(1)
    const { user, email_data: data } = askedFor()
    expect(user).toMatchObject({ email, new_email: next })
    expect(data).toMatchObject({ email_action_type: 'email_change', old_email: email })
    expect(data.site_url).toBe(`${auth.url}/auth/v1`)
    const verify = (body: object) => auth.call('POST', '/verify', { body: { type: 'email_change', ...body } })
    // As a handler writes them: code and link of the current address, then code and link of the new one.
    const crossed = await verify({ email: next, token: data.token })
    expect(crossed.body.error_code).toBe('otp_expired')
    const half = await verify({ email, token: data.token })
    expect(half.body).toMatchObject({ code: '200' })
    const query = new URLSearchParams({ token: data.token_hash, type: 'email_change' })
    const link = `${data.site_url}/verify?${query}`
    const followed = await auth.fetch(link, { redirect: 'manual' })
    expect(followed.headers.get('location')).toContain('access_token=')
    expect((await auth.rows`select 1 from auth.users where email = ${next}`).length).toBe(1)
  })

  test.each(['token_hash_new', 'token_hash'])('and %s of it opens by itself one half', async (name) => {
    const { next, client } = await moving(name.replaceAll('_', '-'))
    await auth.set({ hooks: { sendEmail: overHttp() }, smtp: null })
    await client.auth.updateUser({ email: next })
    const { email_data: data } = askedFor()
    const body = { type: 'email_change', token_hash: data[name] }
    expect((await auth.call('POST', '/verify', { body })).body).toMatchObject({ code: '200' })
  })

  test('has those of the new address alone where that is enough', async () => {
    const { next, client } = await moving('single')
    const email = { secureChange: false }
    await auth.set({ hooks: { sendEmail: overHttp() }, smtp: null, email })
    await client.auth.updateUser({ email: next })
    expect(received).toHaveLength(1)
    const { email_data: data } = askedFor()
    expect(data).toMatchObject({ token_new: '', token_hash_new: '' })
    const body = { type: 'email_change', email: next, token: data.token }
    expect((await auth.call('POST', '/verify', { body })).body.access_token).toBeTruthy()
  })

  test('that fails takes back what it was told, and no later code', async () => {
    const { email } = await moving('later-one')
    await auth.set({ hooks: { sendEmail: overHttp() }, smtp: null })
    const user = await auth.rows`select id from auth.users where email = ${email}`
    answer = { status: 400, body: JSON.stringify({ error: { http_code: 400, message: 'no' } }) }
    let replaced = false
    onAsked = async () => {
      if (replaced) return
      replaced = true
      await auth.run(
        `update auth.one_time_tokens set token_hash = 'a-later-one' where user_id = '${user[0]?.id}'`,
      )
    }
    await auth.client().auth.resetPasswordForEmail(email)
    await expect.poll(() => auth.logged()).toContain('mail not sent')
    const left = await auth.rows`
      select o.token_hash, u.recovery_sent_at from auth.one_time_tokens o join auth.users u on u.id = o.user_id
      where u.email = ${email}`
    expect(left).toMatchObject([{ token_hash: 'a-later-one', recovery_sent_at: expect.anything() }])
  })

  test('that fails to send a code by phone takes back no later one either', async () => {
    const phone = `49157${String(Date.now()).slice(-8)}`
    await auth.set({ hooks: { sendSms: overHttp() }, phone: { enabled: true } })
    answer = { status: 400, body: JSON.stringify({ error: { http_code: 400, message: 'no' } }) }
    onAsked = async () => {
      await auth.run(
        `update auth.one_time_tokens set token_hash = 'a-later-one' where relates_to = '${phone}'`,
      )
    }
    expect((await auth.client().auth.signInWithOtp({ phone })).error).toBeTruthy()
    const left = await auth.rows`
      select o.token_hash, u.confirmation_sent_at from auth.one_time_tokens o join auth.users u on u.id = o.user_id
      where u.phone = ${phone}`
    expect(left).toMatchObject([{ token_hash: 'a-later-one', confirmation_sent_at: expect.anything() }])
  })

  test('that refuses is passed on in its words', async () => {
    await auth.set({ hooks: { beforeUserCreated: overHttp() } })
    answer = { status: 200, body: JSON.stringify({ error: { http_code: 418, message: 'Only on Sundays.' } }) }
    const { error } = await auth.client().auth.signUp({ email: 'sunday@example.com', password: PASSWORD })
    expect(error).toMatchObject({ status: 418, message: 'Only on Sundays.' })
  })
})
