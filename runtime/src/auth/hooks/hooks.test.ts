import { afterEach, describe, expect, test, vi } from 'vitest'
import { createHooks, type HookContext } from './hooks.ts'
import { askAt, clock, closeHookServers, context, hooksAt, json, serve, user } from './hooks-harness.ts'
import type { FunctionCall } from './postgres-function.ts'

afterEach(closeHookServers)

describe('a hook that is a Postgres function', () => {
  const uri = 'pg-functions://postgres/public/may_join'
  const askFunction = (call: HookContext['call'], at = uri) => askAt(at, { secrets: [] }, { call })

  test('is called by schema and name with the same payload', async () => {
    const calls: FunctionCall[] = []
    const answer = await askFunction(async (call) => {
      calls.push(call)
      return { decision: 'continue' }
    })
    expect(answer).toEqual({ decision: 'continue', message: '' })
    expect(calls).toMatchObject([{ schema: 'public', name: 'may_join', timeoutMs: 2_000 }])
    expect(JSON.parse(calls[0]?.payload ?? '')).toMatchObject({
      metadata: { name: 'before-user-created' },
      user,
    })
  })

  test('that says no is quoted, with its status', async () => {
    const refusal = { error: { http_code: 403, message: 'No.' } }
    await expect(askFunction(async () => refusal)).rejects.toMatchObject({
      code: 'hook-refused',
      status: 403,
    })
  })

  test('that gives null changes nothing', async () => {
    expect(await askFunction(async () => null)).toEqual({ decision: '', message: '' })
  })

  test('that Postgres ended for its time is too slow', async () => {
    const late = Object.assign(new Error('canceling statement'), { code: '57014' })
    await expect(askFunction(() => Promise.reject(late))).rejects.toMatchObject({ code: 'hook-timeout' })
  })

  test('on a connection that says nothing any more is too slow as well', async () => {
    vi.useFakeTimers()
    try {
      const asked = expect(askFunction(() => new Promise(() => {}))).rejects.toMatchObject({
        code: 'hook-timeout',
      })
      await vi.advanceTimersByTimeAsync(3_000)
      await asked
    } finally {
      vi.useRealTimers()
    }
  })

  test('that raises has failed, and what it said is for the log alone', async () => {
    const raised = Object.assign(new Error('relation "secrets" does not exist'), { code: '42P01' })
    const problem = await askFunction(() => Promise.reject(raised)).catch((thrown: unknown) => thrown)
    expect(problem).toMatchObject({ code: 'hook-failed', status: 500, cause: raised })
    expect(String(problem)).not.toContain('secrets')
  })

  test.each([
    'pg-functions://postgres/public',
    'pg-functions://postgres/public/f/g',
    'pg-functions://elsewhere/public/f',
    'pg-functions://postgres/public/f"();--',
    `pg-functions://postgres/public/${'f'.repeat(64)}`,
  ])('is not sought at %s', async (at) => {
    await expect(askFunction(async () => ({}), at)).rejects.toMatchObject({ code: 'hook-failed' })
  })
})

const claims = {
  ...{ aud: 'authenticated', exp: 2, iat: 1, sub: 'b2b1', email: 'ada@example.com', phone: '' },
  ...{ role: 'authenticated', aal: 'aal1', session_id: '5e0f' },
}
const ASKED = { user_id: 'b2b1', claims, authentication_method: 'password' }

describe('claims from a hook', () => {
  test('are taken with what it added', async () => {
    const { uri } = await serve(json({ claims: { ...claims, plan: { seats: 3 } } }))
    const answer = await hooksAt(uri).ask('customAccessToken', ASKED, context())
    expect(answer?.claims).toEqual({ ...claims, plan: { seats: 3 } })
  })

  test.each([
    ['without claims', {}, 'claims'],
    ['without one a token needs', { claims: { ...claims, role: undefined } }, 'claims.role'],
    ['with one of another type', { claims: { ...claims, exp: 'tomorrow' } }, 'claims.exp'],
  ])('%s are refused, and the name of what is wrong is told', async (_sentence, answer, name) => {
    const { uri } = await serve(json(answer))
    const asked = hooksAt(uri).ask('customAccessToken', ASKED, context())
    await expect(asked).rejects.toMatchObject({ code: 'hook-failed', message: expect.stringContaining(name) })
  })
})

test('a decision about a password is read whole', async () => {
  const { uri } = await serve(json({ decision: 'reject', message: 'Too often.', should_logout_user: true }))
  const attempt = { user_id: 'b2b1', valid: false }
  expect(await hooksAt(uri).ask('passwordVerificationAttempt', attempt, context())).toEqual({
    ...{ decision: 'reject', message: 'Too often.', should_logout_user: true },
  })
})

test('a project without the hook asks nobody', async () => {
  const hooks = createHooks({ settings: () => ({}), clock })
  expect(hooks.has('sendSms')).toBe(false)
  const sms = { otp: '1', sms_type: 'sms', phone: '49151' }
  expect(await hooks.ask('sendSms', { user, sms }, context())).toBeUndefined()
})
