/**
 * How often the auth endpoints may be called: per client address as token buckets refilled over five minutes, what
 * costs the project money or trust per hour and project; and how often a letter may be asked for by who is not signed in.
 *
 * It decides and counts; answering with 429 and the code is the caller's.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '@cascata/shared/clock'
import { clientKey } from '../../session/client-key.ts'
import { type Counters, createCounters } from '../counters/counters.ts'
import type { SharedTexts } from '../counters/shared-texts.ts'
import { type Bucket, takeToken } from './bucket.ts'
import { bucketKind } from './memory.ts'

export type RateLimitSettings = {
  emailsPerHour: number
  smsPerHour: number
  anonymousPerHour: number
  verifyPer5Min: number
  refreshPer5Min: number
  otpPer5Min: number
  passkeyPer5Min: number
  ssoPer5Min: number
  web3Per5Min: number
  signInPer5Min: number
  /** The address is the client's own, not that of a proxy for all: else it says nothing and is not counted. */
  trustedClientAddress: boolean
}

type Limit = { capacity: (settings: RateLimitSettings) => number; refillMs: number; errorCode: RateErrorCode }

/** GoTrue's codes. */
export type RateErrorCode =
  | 'over_request_rate_limit'
  | 'over_email_send_rate_limit'
  | 'over_sms_send_rate_limit'

const FIVE_MINUTES_MS = 300_000
const HOUR_MS = 3_600_000

/** Each leaves a row: nobody who asks has shown anything yet. */
const AUTHORIZATIONS_PER_5_MIN = 100
/** GoTrue's usual one of `RATE_LIMIT_OAUTH_DYNAMIC_CLIENT_REGISTER`. */
const REGISTRATIONS_PER_5_MIN = 10

const requests = (capacity: Limit['capacity'], refillMs = FIVE_MINUTES_MS): Limit => ({
  capacity,
  refillMs,
  errorCode: 'over_request_rate_limit',
})

const PER_ADDRESS = {
  verify: requests(({ verifyPer5Min }) => verifyPer5Min),
  refresh: requests(({ refreshPer5Min }) => refreshPer5Min),
  /** Also sign-up, recover, resend, magic link and changes of the user. */
  otp: requests(({ otpPer5Min }) => otpPer5Min),
  signIn: requests(({ signInPer5Min }) => signInPer5Min),
  sso: requests(({ ssoPer5Min }) => ssoPer5Min),
  /** Those that come back: apart, so that who began can end. */
  assertion: requests(({ ssoPer5Min }) => ssoPer5Min),
  web3: requests(({ web3Per5Min }) => web3Per5Min),
  passkey: requests(({ passkeyPer5Min }) => passkeyPer5Min),
  authorization: requests(() => AUTHORIZATIONS_PER_5_MIN),
  registration: requests(() => REGISTRATIONS_PER_5_MIN),
  anonymous: requests(({ anonymousPerHour }) => anonymousPerHour, HOUR_MS),
} satisfies Record<string, Limit>

const PER_PROJECT = {
  email: {
    capacity: ({ emailsPerHour }) => emailsPerHour,
    refillMs: HOUR_MS,
    errorCode: 'over_email_send_rate_limit',
  },
  sms: { capacity: ({ smsPerHour }) => smsPerHour, refillMs: HOUR_MS, errorCode: 'over_sms_send_rate_limit' },
} satisfies Record<string, Limit>

export type AddressRate = keyof typeof PER_ADDRESS
export type ProjectRate = keyof typeof PER_PROJECT
/** Letters that strangers may have sent to whatever address they type, by what they are about. */
export type LetterRate = 'recovery' | 'confirmation' | 'email_change'
export type RateDecision =
  | { allowed: true }
  | { allowed: false; retryAfterS: number; errorCode: RateErrorCode }

export type RateLimits = {
  request(kind: AddressRate, address: string): Promise<RateDecision>
  message(kind: ProjectRate): Promise<RateDecision>
  /** One in so many seconds, whether or not anybody has that address: the answer must not tell. */
  letter(kind: LetterRate, to: string, everyS: number): Promise<RateDecision>
}

/** Buckets remembered at once, of either kind, about 4 MB: the one untouched for longest is forgotten, and so is full again. */
const BUCKETS_MAX = 20_000

type Deps = {
  settings: () => RateLimitSettings
  clock: Clock
  /** Where replicas count together. */
  shared?: SharedTexts | undefined
  bucketsMax?: number
}

export function createRateLimits({ settings, clock, shared, bucketsMax = BUCKETS_MAX }: Deps): RateLimits {
  const counters = (entriesMax: number) => createCounters({ kind: bucketKind, clock, shared, entriesMax })
  const addresses = counters(bucketsMax)
  const letters = counters(bucketsMax)
  // Apart, so that strangers cannot push them out.
  const project = counters(Object.keys(PER_PROJECT).length)

  const take = async (buckets: Counters<Bucket>, key: string, limit: Limit): Promise<RateDecision> => {
    const size = { capacity: limit.capacity(settings()), refillMs: limit.refillMs }
    const nowMs = clock.now()
    const { before } = await buckets.update(key, (bucket) => takeToken(bucket, size, nowMs).bucket)
    const { isAllowed, retryAfterMs } = takeToken(before, size, nowMs)
    if (isAllowed) return { allowed: true }
    return { allowed: false, retryAfterS: Math.ceil(retryAfterMs / 1000), errorCode: limit.errorCode }
  }

  return {
    async request(kind, address) {
      if (!settings().trustedClientAddress) return { allowed: true }
      return take(addresses, keyOf(`${kind} ${clientKey(address)}`), PER_ADDRESS[kind])
    },
    message: (kind) => take(project, kind, PER_PROJECT[kind]),
    letter: (kind, to, everyS) =>
      everyS === 0
        ? Promise.resolve({ allowed: true })
        : take(letters, keyOf(`letter ${kind} ${to}`), {
            ...{ capacity: () => 1, refillMs: everyS * 1000 },
            errorCode: 'over_email_send_rate_limit',
          }),
  }
}

/** No key is longer than another, and nobody who reads them learns an address. */
const keyOf = (text: string): string => createHash('sha256').update(text).digest('base64url')
