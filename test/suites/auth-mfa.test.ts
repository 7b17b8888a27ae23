/** Second factors as the real client of Supabase sees them: enrolled, verified, taken away. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPeople, refusal } from '../harness/auth-people.ts'
import type { AuthPlace } from '../harness/auth-place.ts'
import { openAuth } from '../harness/open-auth.ts'

let auth: AuthPlace

beforeAll(async () => {
  auth = await openAuth()
})
afterAll(async () => {
  await auth?.stop()
})

const { signedIn, signedUp, post, nextCode, enrolled, challenged, protectedUser } = createPeople(() => auth)

describe('a factor of codes', () => {
  test('is enrolled, asked for and verified, and raises the session to aal2', async () => {
    const { client, user } = await signedUp()
    const { id, totp } = await enrolled(client, 'Phone app')
    expect(totp.qr_code).toMatch(/^data:image\/svg\+xml;utf-8,<svg /)
    expect(totp.uri).toMatch(/^otpauth:\/\/totp\/app\.test:person-/)
    const before = await client.auth.mfa.getAuthenticatorAssuranceLevel()
    expect(before.data).toMatchObject({ currentLevel: 'aal1', nextLevel: 'aal1' })
    const { data: asked } = await client.auth.mfa.challenge({ factorId: id })
    expect(asked).toMatchObject({ type: 'totp', id: expect.any(String), expires_at: expect.any(Number) })
    const code = await nextCode(totp.secret)
    const verified = await client.auth.mfa.verify({ factorId: id, challengeId: asked?.id ?? '', code })
    expect(verified.error).toBeNull()
    expect(verified.data?.user.id).toBe(user.id)
    const level = await client.auth.mfa.getAuthenticatorAssuranceLevel()
    expect(level.data).toMatchObject({ currentLevel: 'aal2', nextLevel: 'aal2' })
    const claims = await client.auth.getClaims(verified.data?.access_token ?? '')
    expect(claims.data?.claims).toMatchObject({
      aal: 'aal2',
      amr: [{ method: 'totp' }, { method: 'password' }],
    })
    const { data: factors } = await client.auth.mfa.listFactors()
    expect(factors?.totp).toMatchObject([{ id, friendly_name: 'Phone app', status: 'verified' }])
    const next = await client.auth.refreshSession()
    expect(next.error).toBeNull()
    const refreshed = await client.auth.getClaims(next.data.session?.access_token ?? '')
    expect(refreshed.data?.claims).toMatchObject({ aal: 'aal2' })
  })

  test('goes, and what it raised is aal1 again', async () => {
    const { client, factor } = await protectedUser()
    const { data, error } = await client.auth.mfa.unenroll({ factorId: factor.id })
    expect(error).toBeNull()
    expect(data).toEqual({ id: factor.id })
    await client.auth.refreshSession()
    const level = await client.auth.mfa.getAuthenticatorAssuranceLevel()
    expect(level.data).toMatchObject({ currentLevel: 'aal1', nextLevel: 'aal1' })
  })

  test('ends the sessions that did not show it, and the refresh token of before once its time is over', async () => {
    const person = await signedUp()
    const other = await signedIn(person.email)
    const factor = await enrolled(person.client)
    const challengeId = await challenged(factor.id, person.bearer)
    const body = { challenge_id: challengeId, code: await nextCode(factor.secret) }
    expect((await post(`/factors/${factor.id}/verify`, person.bearer, body)).status).toBe(200)
    expect((await auth.call('GET', '/user', { bearer: other.bearer })).body.error_code).toBe(
      'session_not_found',
    )
    const old = { refresh_token: person.session.refresh_token }
    await auth.later(11_000)
    const stale = await auth.call('POST', '/token?grant_type=refresh_token', { body: old })
    expect(refusal(stale)).toBe('400 refresh_token_already_used')
  })

  test('signs no other tab out that is just refreshing with the token of before', async () => {
    const { client, session } = await signedUp()
    const { id, secret } = await enrolled(client)
    const code = await nextCode(secret)
    const raised = await client.auth.mfa.challengeAndVerify({ factorId: id, code })
    const refresh = (token: string | undefined) =>
      auth.call('POST', '/token?grant_type=refresh_token', { body: { refresh_token: token } })
    const other = await refresh(session.refresh_token)
    expect(other.status).toBe(200)
    expect(other.body.refresh_token).toBe(raised.data?.refresh_token)
    const claims = await client.auth.getClaims(String(other.body.access_token))
    expect(claims.data?.claims).toMatchObject({ aal: 'aal2' })
    const next = await refresh(raised.data?.refresh_token)
    const late = await refresh(session.refresh_token)
    expect(late.body.refresh_token).toBe(next.body.refresh_token)
  })

  test('and the session outlives a token of before whose successor is not known, within its time', async () => {
    const { session, bearer, user } = await signedUp()
    const refresh = () =>
      auth.call('POST', '/token?grant_type=refresh_token', { body: { refresh_token: session.refresh_token } })
    expect((await refresh()).status).toBe(200)
    await auth.run(`
      update auth.refresh_tokens set token = 'sha256:of-another-secret'
      where user_id = '${user.id}' and not revoked`)
    expect(refusal(await refresh())).toBe('400 refresh_token_already_used')
    expect((await auth.call('GET', '/user', { bearer })).status).toBe(200)
  })

  test('leaves no other enrolment of its kind behind', async () => {
    const { client } = await signedUp()
    await enrolled(client, 'left')
    const { id, secret } = await enrolled(client, 'kept')
    await client.auth.mfa.challengeAndVerify({ factorId: id, code: await nextCode(secret) })
    const { data } = await client.auth.mfa.listFactors()
    expect(data?.all.map((each) => each.id)).toEqual([id])
  })

  test('has a secret that does not stand in the table as it is', async () => {
    const { client } = await signedUp()
    const { id, secret } = await enrolled(client)
    const [row] = await auth.rows`select secret from auth.mfa_factors where id = ${id}`
    expect(row?.secret).toMatch(/^aes-256-gcm:/)
    expect(row?.secret).not.toContain(secret)
  })

  test('that came with a dump is verified by its plain secret, which is sealed then', async () => {
    const { client, user } = await signedUp()
    const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
    const [row] = await auth.rows`
      insert into auth.mfa_factors (id, user_id, friendly_name, factor_type, status, secret, created_at, updated_at)
      values (gen_random_uuid(), ${user.id}, 'imported', 'totp', 'verified', ${secret}, now(), now()) returning id`
    const code = await nextCode(secret)
    const { error } = await client.auth.mfa.challengeAndVerify({ factorId: String(row?.id), code })
    expect(error).toBeNull()
    const [sealed] = await auth.rows`select secret from auth.mfa_factors where user_id = ${user.id}`
    expect(sealed?.secret).toMatch(/^aes-256-gcm:/)
  })

  test('takes each code once', async () => {
    const { factor, bearer, client } = await protectedUser()
    const again = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: factor.used })
    expect(again.error).toMatchObject({ status: 422, code: 'mfa_verification_failed' })
    const code = await nextCode(factor.secret)
    const ids = [await challenged(factor.id, bearer), await challenged(factor.id, bearer)]
    const answers = await Promise.all(
      ids.map((id) => post(`/factors/${factor.id}/verify`, bearer, { challenge_id: id, code })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 422])
  })

  test('of somebody else is not there', async () => {
    const { factor } = await protectedUser()
    const stranger = await signedUp()
    const paths = [`/factors/${factor.id}/challenge`, `/factors/${factor.id}/verify`]
    for (const path of paths)
      expect(refusal(await post(path, stranger.bearer, { code: '123456' }))).toBe('404 mfa_factor_not_found')
    const gone = await auth.call('DELETE', `/factors/${factor.id}`, { bearer: stranger.bearer })
    expect(refusal(gone)).toBe('404 mfa_factor_not_found')
  })
})

describe('enrolling is refused', () => {
  test('without a session', async () => {
    expect(refusal(await auth.call('POST', '/factors', { body: { factor_type: 'totp' } }))).toBe(
      '401 no_authorization',
    )
  })

  test.each([
    ['of no kind there is', { factor_type: 'voice' }, '400 validation_failed'],
    [
      'by phone where that is off',
      { factor_type: 'phone', phone: '4915112345678' },
      '422 mfa_phone_enroll_not_enabled',
    ],
    [
      'of security keys where those are off',
      { factor_type: 'webauthn' },
      '422 mfa_webauthn_enroll_not_enabled',
    ],
  ])('%s', async (_what, body, expected) => {
    const { bearer } = await signedUp()
    expect(refusal(await post('/factors', bearer, body))).toBe(expected)
  })

  test('where codes are off', async () => {
    const { bearer } = await signedUp()
    await auth.set({ mfa: { totp: { enroll: false } } })
    const refused = await post('/factors', bearer, { factor_type: 'totp' })
    await auth.set({})
    expect(refusal(refused)).toBe('422 mfa_totp_enroll_not_enabled')
  })

  test('under a name that is taken, while names may be left out', async () => {
    const { client, bearer } = await signedUp()
    await enrolled(client, 'mine')
    await enrolled(client)
    await enrolled(client)
    const refused = await post('/factors', bearer, { factor_type: 'totp', friendly_name: 'mine' })
    expect(refusal(refused)).toBe('422 mfa_factor_name_conflict')
  })

  test('beyond what a user may have, until begun ones are stale', async () => {
    await auth.set({ mfa: { maxEnrolledFactors: 1 } })
    const { client, bearer, email } = await signedUp()
    await enrolled(client, 'one')
    const refused = await post('/factors', bearer, { factor_type: 'totp', friendly_name: 'two' })
    expect(refusal(refused)).toBe('422 too_many_enrolled_mfa_factors')
    await auth.later(301_000)
    const later = await signedIn(email)
    expect((await post('/factors', later.bearer, { factor_type: 'totp' })).status).toBe(200)
    await auth.set({})
  })

  test('at aal1 once there is a factor', async () => {
    const { email } = await protectedUser()
    const { bearer } = await signedIn(email)
    expect(refusal(await post('/factors', bearer, { factor_type: 'totp' }))).toBe('403 insufficient_aal')
  })

  test('to leave: a verified factor goes at aal2 only', async () => {
    const { email, factor } = await protectedUser()
    const { bearer } = await signedIn(email)
    const refused = await auth.call('DELETE', `/factors/${factor.id}`, { bearer })
    expect(refusal(refused)).toBe('422 insufficient_aal')
  })
})

describe('an administrator', () => {
  test("sees a user's factors, names them anew and takes them away", async () => {
    const { user, factor } = await protectedUser()
    const admin = auth.admin()
    const listed = await admin.auth.admin.mfa.listFactors({ userId: user.id })
    expect(listed.data?.factors).toMatchObject([{ id: factor.id, factor_type: 'totp', status: 'verified' }])
    expect(JSON.stringify(listed.data)).not.toContain('aes-256-gcm')
    const path = `/admin/users/${user.id}/factors/${factor.id}`
    const key = { bearer: auth.keys.service, key: auth.keys.service }
    const named = await auth.call('PUT', path, { ...key, body: { friendly_name: 'Of the office' } })
    expect(named.body).toMatchObject({ id: factor.id, friendly_name: 'Of the office' })
    const gone = await admin.auth.admin.mfa.deleteFactor({ userId: user.id, id: factor.id })
    expect(gone.error).toBeNull()
    expect((await admin.auth.admin.mfa.listFactors({ userId: user.id })).data?.factors).toEqual([])
    expect(refusal(await auth.call('DELETE', path, key))).toBe('404 mfa_factor_not_found')
  })

  test('is the only one who does', async () => {
    const { user, bearer } = await protectedUser()
    const refused = await auth.call('GET', `/admin/users/${user.id}/factors`, { bearer })
    expect(refusal(refused)).toBe('403 not_admin')
  })
})
