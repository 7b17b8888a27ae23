/** Answers to second factors: which are refused, how often one may guess, and the codes for a lost app. */
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

describe('an answer is refused', () => {
  test.each([
    ['to a path that names no factor', 'nonsense', '404 validation_failed'],
    ['of a factor there is not', '00000000-0000-4000-8000-000000000000', '404 mfa_factor_not_found'],
  ])('%s', async (_what, id, expected) => {
    const { bearer } = await signedUp()
    expect(refusal(await post(`/factors/${id}/challenge`, bearer))).toBe(expected)
  })

  test('where codes are off', async () => {
    const { bearer, factor } = await protectedUser()
    const challengeId = await challenged(factor.id, bearer)
    await auth.set({ mfa: { totp: { verify: false } } })
    const asked = await post(`/factors/${factor.id}/challenge`, bearer)
    const body = { challenge_id: challengeId, code: '123456' }
    const answered = await post(`/factors/${factor.id}/verify`, bearer, body)
    await auth.set({})
    expect(refusal(asked)).toBe('422 mfa_totp_verify_not_enabled')
    expect(refusal(answered)).toBe('422 mfa_totp_verify_not_enabled')
  })

  test('that is none', async () => {
    const { bearer, factor } = await protectedUser()
    const path = `/factors/${factor.id}/verify`
    expect(refusal(await post(path, bearer, { code: '123456' }))).toBe('400 validation_failed')
    const challengeId = await challenged(factor.id, bearer)
    expect(refusal(await post(path, bearer, { challenge_id: challengeId }))).toBe('400 validation_failed')
  })

  test('to a challenge of another factor', async () => {
    const [mine, other] = [await protectedUser(), await protectedUser()]
    const body = { challenge_id: await challenged(other.factor.id, other.bearer), code: '123456' }
    const refused = await post(`/factors/${mine.factor.id}/verify`, mine.bearer, body)
    expect(refusal(refused)).toBe('422 mfa_factor_not_found')
  })

  test('that comes too late', async () => {
    const { bearer, factor } = await protectedUser()
    const challengeId = await challenged(factor.id, bearer)
    await auth.later(301_000)
    const body = { challenge_id: challengeId, code: await nextCode(factor.secret) }
    const refused = await post(`/factors/${factor.id}/verify`, bearer, body)
    expect(refusal(refused)).toBe('422 mfa_challenge_expired')
  })

  test('after five wrong ones to one challenge, even if it is right', async () => {
    const { bearer, factor } = await protectedUser()
    const challengeId = await challenged(factor.id, bearer)
    const path = `/factors/${factor.id}/verify`
    for (let wrong = 0; wrong < 5; wrong += 1)
      expect(refusal(await post(path, bearer, { challenge_id: challengeId, code: 'wrong' }))).toBe(
        '422 mfa_verification_failed',
      )
    const body = { challenge_id: challengeId, code: await nextCode(factor.secret) }
    expect(refusal(await post(path, bearer, body))).toBe('422 mfa_challenge_expired')
  })

  test('in digits of another script, as any wrong one', async () => {
    const { bearer } = await signedUp()
    const phone = { enabled: true, maxFrequencyS: 0, testOtp: { '4915112345699': '246810' } }
    await auth.set({ phone, mfa: { phone: { enroll: true, verify: true } } })
    const { body } = await post('/factors', bearer, { factor_type: 'phone', phone: '+4915112345699' })
    const answer = { challenge_id: await challenged(String(body.id), bearer), code: '２４６８１０' }
    const refused = await post(`/factors/${body.id}/verify`, bearer, answer)
    await auth.set({})
    expect(refusal(refused)).toBe('422 mfa_verification_failed')
  })

  test('by the hook of the project, which signs out everywhere', async () => {
    const { bearer, factor } = await protectedUser()
    await auth.run(`
      create or replace function public.no_more(event jsonb) returns jsonb language sql as
        $$ select jsonb_build_object('decision', 'reject', 'message', 'not ' || (event ->> 'factor_type')) $$;
      grant execute on function public.no_more to supabase_auth_admin`)
    const uri = 'pg-functions://postgres/public/no_more'
    await auth.set({ hooks: { mfaVerificationAttempt: { uri } } })
    const body = { challenge_id: await challenged(factor.id, bearer), code: await nextCode(factor.secret) }
    const refused = await post(`/factors/${factor.id}/verify`, bearer, body)
    await auth.set({})
    expect(refusal(refused)).toBe('403 mfa_verification_rejected')
    expect(refused.body.msg).toBe('not totp')
    expect((await auth.call('GET', '/user', { bearer })).body.error_code).toBe('session_not_found')
  })
})

describe('recovery codes', () => {
  const made = async (bearer: string) => {
    const { status, body } = await post('/factors/recovery-codes', bearer)
    expect(status).toBe(200)
    return body.codes as string[]
  }

  test('are ten, stand in for the app once each, and are kept as hashes', async () => {
    const { bearer, email, user, factor } = await protectedUser()
    const codes = await made(bearer)
    expect(new Set(codes).size).toBe(10)
    const rows = await auth.rows`select code_hash from auth.mfa_recovery_codes where user_id = ${user.id}`
    expect(rows).toHaveLength(10)
    expect(JSON.stringify(rows)).not.toContain(codes[0])
    const { client } = await signedIn(email)
    const typed = ` ${codes[0]?.toUpperCase()} `
    const first = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: typed })
    expect(first.error).toBeNull()
    const claims = await client.auth.getClaims(first.data?.access_token ?? '')
    expect(claims.data?.claims.amr).toMatchObject([{ method: 'mfa/recovery_code' }, { method: 'password' }])
    const second = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: typed })
    expect(second.error).toMatchObject({ code: 'mfa_verification_failed' })
  })

  test('made anew are the only ones', async () => {
    const { bearer, client, factor } = await protectedUser()
    const [old = ''] = await made(bearer)
    await made(bearer)
    const { error } = await client.auth.mfa.challengeAndVerify({ factorId: factor.id, code: old })
    expect(error).toMatchObject({ code: 'mfa_verification_failed' })
  })

  test('go with the last factor, and verify none that is new', async () => {
    const { bearer, client, factor } = await protectedUser()
    const [code = ''] = await made(bearer)
    const second = await enrolled(client, 'second')
    const refused = await client.auth.mfa.challengeAndVerify({ factorId: second.id, code })
    expect(refused.error).toMatchObject({ code: 'mfa_verification_failed' })
    await client.auth.mfa.unenroll({ factorId: factor.id })
    const { length } = await auth.rows`
      select 1 from auth.mfa_recovery_codes r join auth.users u on u.id = r.user_id
      where u.email = ${(await client.auth.getUser()).data.user?.email ?? ''}`
    expect(length).toBe(0)
  })

  test.each([
    ['without a factor', async () => (await signedUp()).bearer],
    ['at aal1', async () => (await signedIn((await protectedUser()).email)).bearer],
  ])('are not made %s', async (_when, bearer) => {
    expect(refusal(await post('/factors/recovery-codes', await bearer()))).toBe('403 insufficient_aal')
  })

  test('are out of reach of the API', async () => {
    const [row] = await auth.rows`
      select c.relrowsecurity as rls,
        (select count(*)::int from unnest(array['anon', 'authenticated', 'service_role']) as role (name)
         where has_table_privilege(role.name, c.oid, 'select, insert, update, delete')) as granted
      from pg_class c where c.oid = 'auth.mfa_recovery_codes'::regclass`
    expect(row).toEqual({ rls: true, granted: 0 })
  })
})
