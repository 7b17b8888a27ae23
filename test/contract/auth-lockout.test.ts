/** Locks of accounts: shared by the replicas of a project, told to their owners, ended by time, by a letter and by an admin. */
import { counterAccess } from '@cascata/shared/counter-access'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import { type AuthRuntime, startAuthRuntime } from '../harness/auth-runtime.ts'
import { eventually } from '../harness/eventually.ts'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'
import { startRedis, type TestRedis } from '../harness/redis.ts'

const PASSWORD = 'a long enough passphrase 4711'
const LOCKING = { lockout: { attempts: 3, firstLockS: 60 } }

let pg: TestPostgres
let redis: TestRedis
let auth: AuthRuntime
let other: AuthRuntime

beforeAll(async () => {
  ;[pg, redis] = await Promise.all([startPostgres(), startRedis()])
  await redis.admit(counterAccess('acme', pg.passwords.authenticator))
  auth = await startAuthRuntime(pg, LOCKING, { counters: redis })
  other = await startAuthRuntime(pg, LOCKING, { counters: redis })
})
afterAll(async () => {
  await Promise.all([auth?.stop(), other?.stop()])
  await Promise.all([redis?.stop(), pg?.stop()])
})
afterEach(() => auth.set({}))

let count = 0
async function somebody(more: object = { email_confirm: true }) {
  count += 1
  const email = `locked-${count}@example.com`
  const { data, error } = await auth.admin().auth.admin.createUser({ email, password: PASSWORD, ...more })
  if (error || !data.user) throw error ?? new Error('no user')
  return { email, id: data.user.id }
}

/** From an address of its own: that of one test must not lock another's. */
const tryOn = (at: AuthRuntime, email: string, password: string) =>
  at.call('POST', '/token?grant_type=password', {
    body: { email, password },
    headers: { 'X-Real-IP': `10.9.${count >> 8}.${count & 255}` },
  })
const signIn = async (at: AuthRuntime, email: string) => (await tryOn(at, email, PASSWORD)).status

async function lock(email: string): Promise<void> {
  for (const guess of ['one', 'two', 'three']) await tryOn(auth, email, `${guess} wrong guess`)
  expect(await signIn(auth, email)).toBe(429)
}

/** Told by whoever has seen it, at once or with its next count. */
const lockedAtBoth = (email: string) =>
  eventually(20_000, async () =>
    expect([await signIn(auth, email), await signIn(other, email)]).toEqual([429, 429]),
  )

type Entry = { payload: { action: string; actor_id: string; traits?: Record<string, unknown> }; ip: string }
const auditOf = (action: string) =>
  pg.admin()<Entry[]>`
    select payload, ip_address as ip from auth.audit_log_entries
    where payload ->> 'action' = ${action} order by created_at desc`

const followed = async (link: string) => {
  const answer = await fetch(link, { redirect: 'manual' })
  const location = new URL(answer.headers.get('location') ?? 'http://none')
  return { status: answer.status, location, fragment: new URLSearchParams(location.hash.slice(1)) }
}
const unlockLink = ({ links }: { links: string[] }) => links.find((each) => each.includes('/unlock?')) ?? ''

describe('two replicas', () => {
  test('count the failures of an account together, and lock it at both', () =>
    // On a busy machine Redis may be too slow for one of them.
    eventually(20_000, async () => {
      const { email } = await somebody()
      await tryOn(auth, email, 'one wrong guess')
      await tryOn(other, email, 'another wrong guess')
      await tryOn(auth, email, 'a third wrong guess')
      expect([await signIn(auth, email), await signIn(other, email)]).toEqual([429, 429])
    }))

  test('stay locked when Redis is gone, and when it is back with nothing', async () => {
    const { email } = await somebody()
    await lock(email)
    await lockedAtBoth(email)
    await redis.kill()
    try {
      expect([await signIn(auth, email), await signIn(other, email)]).toEqual([429, 429])
      const fresh = await somebody()
      await lock(fresh.email)
      expect(await signIn(auth, (await somebody()).email)).toBe(200)
    } finally {
      await redis.restart('lost')
    }
    // Past the pause after which Redis is asked again.
    for (const each of [auth, other]) each.clock.offsetMs += 11_000
    expect([await signIn(auth, email), await signIn(other, email)]).toEqual([429, 429])
    expect(auth.log.some((line) => line.includes('Redis is away'))).toBe(true)
  })

  test('unlock together', async () => {
    const { email, id } = await somebody()
    await lock(email)
    await lockedAtBoth(email)
    const options = { bearer: other.keys.service, key: other.keys.service }
    expect((await other.call('POST', `/admin/users/${id}/unlock`, options)).status).toBe(200)
    for (const each of [other, auth])
      await expect.poll(() => signIn(each, email), { timeout: 20_000 }).toBe(200)
  })
})

describe('a lock', () => {
  test('stands in the audit log with whose it is, from where and until when', async () => {
    const { email, id } = await somebody()
    await lock(email)
    await expect.poll(async () => (await auditOf('account_locked'))[0]?.payload.actor_id).toBe(id)
    const [entry] = await auditOf('account_locked')
    expect(entry).toMatchObject({
      ip: expect.stringMatching(/^10\.9\./),
      payload: { actor_username: email, log_type: 'account', traits: { scope: 'account', locks: 1 } },
    })
    expect(Date.parse(String(entry?.payload.traits?.locked_until))).toBeGreaterThan(Date.now())
  })

  test('of nobody stands there too, without what was typed, and is answered alike', async () => {
    const { email: known } = await somebody()
    await lock(known)
    const refused = await tryOn(auth, known, PASSWORD)
    const before = (await auditOf('account_locked')).length
    count += 1
    const nobody = 'nobody-of-this-name@example.com'
    await lock(nobody)
    const alike = await tryOn(auth, nobody, PASSWORD)
    expect([alike.status, alike.body]).toEqual([refused.status, refused.body])
    await expect.poll(async () => (await auditOf('account_locked')).length).toBeGreaterThan(before)
    const rows = await auditOf('account_locked')
    expect(rows[0]?.payload).toMatchObject({ actor_username: '', traits: { account: expect.any(String) } })
    expect(JSON.stringify(rows)).not.toContain('nobody-of-this-name')
    expect(auth.log.join('')).not.toContain('nobody-of-this-name')
    expect(auth.mailCount(nobody)).toBe(0)
  })

  test('of an address stands there with it', async () => {
    const body = (at: number) => ({ email: `spray-${at}@example.com`, password: 'a wrong guess' })
    const headers = { 'X-Real-IP': '203.0.113.77' }
    for (let at = 0; at < 15; at += 1)
      await auth.call('POST', '/token?grant_type=password', { body: body(at), headers })
    const refused = await auth.call('POST', '/token?grant_type=password', { body: body(99), headers })
    expect(refusal(refused)).toBe('429 over_request_rate_limit')
    await expect
      .poll(async () => (await auditOf('account_locked'))[0])
      .toMatchObject({ ip: '203.0.113.77', payload: { traits: { scope: 'address' } } })
  })
})

describe('the letter about a lock', () => {
  test('has a link that opens it, once, and is the only one of a series for an hour', async () => {
    const { email, id } = await somebody()
    await lock(email)
    const mail = await auth.mailTo(email)
    expect(mail.subject).toMatch(/locked/)
    const { status, location, fragment } = await followed(unlockLink(mail))
    expect([status, location.origin, fragment.get('message')]).toEqual([
      ...[303, 'http://app.test', 'Sign-in to the account is open again'],
    ])
    const [entry] = await auditOf('account_unlocked')
    expect(entry?.payload).toMatchObject({ actor_id: id, traits: { by: 'link' } })
    const again = await followed(unlockLink(mail))
    expect(again.fragment.get('error_code')).toBe('otp_expired')
    // Whoever guessed before goes on guessing: what is remembered makes the next lock twice as long.
    expect((await tryOn(auth, email, 'a further guess')).status).toBe(400)
    const locked = await tryOn(auth, email, PASSWORD)
    expect(Number(locked.headers.get('retry-after'))).toBeGreaterThan(100)
    expect((await followed(unlockLink(mail))).fragment.get('error_code')).toBe('otp_expired')
    expect(await signIn(auth, email)).toBe(429)
    expect(auth.mailCount(email)).toBe(1)
  })

  test('opens at every replica', async () => {
    const { email } = await somebody()
    await lock(email)
    const mail = await auth.mailTo(email)
    await lockedAtBoth(email)
    await followed(unlockLink(mail))
    await expect.poll(() => signIn(other, email), { timeout: 20_000 }).toBe(200)
  })

  test('opens nobody else, and nothing when it is made up', async () => {
    const [one, two] = [await somebody(), await somebody()]
    await lock(one.email)
    const token = new URL(unlockLink(await auth.mailTo(one.email))).searchParams.get('token') ?? ''
    const [, until = '', mac = ''] = token.split('.')
    const made = [`${two.id}.${until}.${mac}`, `${one.id}.${Number(until) + 1}.${mac}`, `${one.id}.${until}.`]
    for (const each of [...made, 'x', '', `${token}x`]) {
      const link = `${auth.url}/auth/v1/unlock?${new URLSearchParams({ token: each })}`
      expect((await followed(link)).fragment.get('error_code'), each).toBe('otp_expired')
    }
    expect(await signIn(auth, one.email)).toBe(429)
  })

  test('sends nobody to a page that is not allowed', async () => {
    const link = `${auth.url}/auth/v1/unlock?token=x&redirect_to=https://evil.example/`
    expect((await followed(link)).location.origin).toBe('http://app.test')
  })

  test('is not sent to an address that nobody has confirmed, nor where it is switched off', async () => {
    const unconfirmed = await somebody({ email_confirm: false })
    await lock(unconfirmed.email)
    await auth.set({ mailer: { notifications: { accountLocked: false } } })
    const quiet = await somebody()
    await lock(quiet.email)
    await auth.set({})
    const told = await somebody()
    await lock(told.email)
    await auth.mailTo(told.email)
    expect([unconfirmed, quiet].map(({ email }) => auth.mailCount(email))).toEqual([0, 0])
  })

  test('about second factors has no link: a mailbox is none', async () => {
    // Longer than the codes that are waited for.
    await auth.set({ lockout: { attempts: 3, firstLockS: 900 } })
    const people = createPeople(() => auth)
    const person = await people.protectedUser()
    const { bearer } = await people.signedIn(person.email)
    for (let each = 0; each < 3; each += 1) {
      const challenge_id = await people.challenged(person.factor.id, bearer)
      await people.post(`/factors/${person.factor.id}/verify`, bearer, { challenge_id, code: '000000' })
    }
    const mail = await auth.mailTo(person.email)
    expect(mail.subject).toMatch(/locked/)
    expect(unlockLink(mail)).toBe('')
    // Neither does a password that was set anew; an admin may.
    await auth.client().auth.resetPasswordForEmail(person.email)
    const { code = '' } = await auth.mailTo(person.email)
    await auth.client().auth.verifyOtp({ email: person.email, token: code, type: 'recovery' })
    const verify = async () => {
      const challenge_id = await people.challenged(person.factor.id, bearer)
      const body = { challenge_id, code: await people.nextCode(person.factor.secret) }
      return people.post(`/factors/${person.factor.id}/verify`, bearer, body)
    }
    expect(refusal(await verify())).toBe('429 over_request_rate_limit')
    const options = { bearer: auth.keys.service, key: auth.keys.service }
    await auth.call('POST', `/admin/users/${person.user.id}/unlock`, options)
    expect((await verify()).status).toBe(200)
  })
})

describe('an account is unlocked', () => {
  test('by whoever proves to read its mail', async () => {
    const { email, id } = await somebody()
    await lock(email)
    await auth.mailTo(email)
    await auth.client().auth.resetPasswordForEmail(email)
    const { code = '' } = await auth.mailTo(email)
    const verified = await auth.client().auth.verifyOtp({ email, token: code, type: 'recovery' })
    expect(verified.error).toBeNull()
    expect(await signIn(auth, email)).toBe(200)
    const [entry] = await auditOf('account_unlocked')
    expect(entry?.payload).toMatchObject({ actor_id: id, traits: { by: 'proof' } })
  })

  test('by an admin, who is in the audit log; and by nobody else', async () => {
    const { email, id } = await somebody()
    await lock(email)
    const path = `/admin/users/${id}/unlock`
    expect((await auth.call('POST', path)).status).toBe(401)
    expect(await signIn(auth, email)).toBe(429)
    const options = { bearer: auth.keys.service, key: auth.keys.service }
    expect((await auth.call('POST', path, options)).body).toMatchObject({ id, email })
    expect(await signIn(auth, email)).toBe(200)
    const [entry] = await auditOf('account_unlocked')
    expect(entry?.payload).toMatchObject({
      actor_id: id,
      actor_name: 'service_role',
      traits: { by: 'admin' },
    })
    const nobody = `/admin/users/${id.replace(/^.{8}/, '00000000')}/unlock`
    expect((await auth.call('POST', nobody, options)).status).toBe(404)
  })
})

describe('the letter about a new password', () => {
  const changed = async () => {
    const { email } = await somebody()
    const client = auth.client()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    const { error } = await client.auth.updateUser({ password: 'another long passphrase 0815' })
    expect(error).toBeNull()
    return email
  }

  test('is sent where it is switched on, in the words of the project, and has nothing to follow', async () => {
    const quiet = await changed()
    const html = '<p>Hello {{ .Email }}, your password is another now.</p>'
    await auth.set({
      mailer: {
        notifications: { passwordChanged: true },
        templates: { password_changed: { subject: 'Was it you?', html } },
      },
    })
    const email = await changed()
    const mail = await auth.mailTo(email)
    expect(mail.subject).toBe('Was it you?')
    expect(mail.text).toContain(`Hello ${email}`)
    expect(mail.links).toEqual([])
    expect(auth.mailCount(quiet)).toBe(0)
  })

  test('is not sent when something else changes', async () => {
    await auth.set({ mailer: { notifications: { passwordChanged: true } } })
    const { email } = await somebody()
    const client = auth.client()
    await client.auth.signInWithPassword({ email, password: PASSWORD })
    await client.auth.updateUser({ data: { name: 'Ada' } })
    const told = await changed()
    await auth.mailTo(told)
    expect(auth.mailCount(email)).toBe(0)
  })

  test('goes through the hook where there is one', async () => {
    await pg
      .as('postgres')
      .unsafe(
        `create schema hooks;
         grant usage on schema hooks to supabase_auth_admin;
         create table hooks.letters (event jsonb);
         grant insert on hooks.letters to supabase_auth_admin;
         create function hooks.letter(event jsonb) returns jsonb language sql as
         $$ insert into hooks.letters values (event); select '{}'::jsonb $$;
         grant execute on function hooks.letter to supabase_auth_admin`,
      )
      .simple()
    const uri = 'pg-functions://postgres/hooks/letter'
    await auth.set({ mailer: { notifications: { passwordChanged: true } }, hooks: { sendEmail: { uri } } })
    const email = await changed()
    await expect
      .poll(async () => (await pg.admin()`select event from hooks.letters`).map(({ event }) => event))
      .toMatchObject([
        { user: { email }, email_data: { email_action_type: 'password_changed_notification' } },
      ])
  })
})
