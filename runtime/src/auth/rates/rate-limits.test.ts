import { describe, expect, test } from 'vitest'
import {
  type AddressRate,
  createRateLimits,
  type LetterRate,
  type RateLimitSettings,
  type RateLimits,
} from './rate-limits.ts'

const settings: RateLimitSettings = {
  emailsPerHour: 2,
  smsPerHour: 3,
  anonymousPerHour: 4,
  verifyPer5Min: 5,
  refreshPer5Min: 6,
  otpPer5Min: 7,
  signInPer5Min: 8,
  passkeyPer5Min: 9,
  ssoPer5Min: 10,
  web3Per5Min: 12,
  trustedClientAddress: true,
}
const ADDRESS = '203.0.113.7'

function start(changed: Partial<RateLimitSettings> = {}, bucketsMax?: number) {
  const clock = { time: 1_000_000, now: () => clock.time }
  const current = { ...settings, ...changed }
  const limits = createRateLimits({ settings: () => current, clock, ...(bucketsMax && { bucketsMax }) })
  return { limits, clock, current }
}

/** How many pass before the first refusal. */
async function passing(take: () => ReturnType<RateLimits['message']>): Promise<number> {
  for (let count = 0; count < 1_000; count += 1) if (!(await take()).allowed) return count
  return Number.POSITIVE_INFINITY
}

describe('per address', () => {
  test.each([
    ['verify', 5, 60],
    ['refresh', 6, 50],
    ['otp', 7, 43],
    ['signIn', 8, 38],
    ['sso', 10, 30],
    ['web3', 12, 25],
    ['passkey', 9, 34],
    ['anonymous', 4, 900],
  ] as [AddressRate, number, number][])(
    '%s: %d, and the next one after %d seconds',
    async (kind, count, waitS) => {
      const { limits, clock } = start()
      expect(await passing(() => limits.request(kind, ADDRESS))).toBe(count)
      expect(await limits.request(kind, ADDRESS)).toEqual({
        allowed: false,
        retryAfterS: waitS,
        errorCode: 'over_request_rate_limit',
      })
      clock.time += waitS * 1_000
      expect((await limits.request(kind, ADDRESS)).allowed).toBe(true)
    },
  )

  test('each address and each kind has its own', async () => {
    const { limits } = start()
    await passing(() => limits.request('verify', ADDRESS))
    expect((await limits.request('verify', '198.51.100.1')).allowed).toBe(true)
    expect((await limits.request('otp', ADDRESS)).allowed).toBe(true)
  })

  test('addresses of one IPv6 network are one', async () => {
    const { limits } = start()
    let host = 0
    expect(await passing(() => limits.request('verify', `2001:db8:1:2::${(host++).toString(16)}`))).toBe(5)
  })

  test('nothing is counted where addresses say nothing', async () => {
    const { limits } = start({ trustedClientAddress: false })
    expect(await passing(() => limits.request('verify', ADDRESS))).toBe(Number.POSITIVE_INFINITY)
  })
})

describe('per project', () => {
  test.each([
    ['email', 2, 1_800, 'over_email_send_rate_limit'],
    ['sms', 3, 1_200, 'over_sms_send_rate_limit'],
  ] as const)(
    '%s: %d an hour, and the next one after %d seconds',
    async (kind, count, retryAfterS, errorCode) => {
      const { limits } = start()
      expect(await passing(() => limits.message(kind))).toBe(count)
      expect(await limits.message(kind)).toEqual({ allowed: false, retryAfterS, errorCode })
    },
  )

  test('no crowd of addresses makes it forget', async () => {
    const { limits } = start({}, 4)
    await passing(() => limits.message('email'))
    for (let each = 0; each < 50; each += 1) await limits.request('verify', `198.51.100.${each}`)
    expect((await limits.message('email')).allowed).toBe(false)
  })
})

describe('a letter that a stranger asks for', () => {
  test('is due once in its time, by what it is about and by the address', async () => {
    const { limits, clock } = start()
    const ask = (kind: LetterRate = 'recovery', to = 'ada@example.com') => limits.letter(kind, to, 60)
    expect(await ask()).toEqual({ allowed: true })
    clock.time += 30_000
    const errorCode = 'over_email_send_rate_limit'
    expect(await ask()).toEqual({ allowed: false, retryAfterS: 30, errorCode })
    expect(await ask('confirmation')).toEqual({ allowed: true })
    expect(await ask('recovery', 'eve@example.com')).toEqual({ allowed: true })
    // A refused question does not put it off.
    clock.time += 30_000
    expect(await ask()).toEqual({ allowed: true })
  })

  test('is due always where the settings say so', async () => {
    const { limits } = start()
    for (let each = 0; each < 3; each += 1)
      expect(await limits.letter('recovery', 'ada@example.com', 0)).toEqual({ allowed: true })
  })
})

test('changed settings count at once', async () => {
  const { limits, current } = start()
  expect(await passing(() => limits.message('email'))).toBe(2)
  current.emailsPerHour = 3_600
  expect(await limits.message('email')).toMatchObject({ retryAfterS: 1 })
})
