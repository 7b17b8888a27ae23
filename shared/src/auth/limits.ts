/** How much may be asked of auth, and when a password is no longer tried. */
import { z } from 'zod'
import { count } from './fields.ts'

export const RateLimits = z.object({
  /** Of the project (`RATE_LIMIT_EMAIL_SENT`). */
  emailsPerHour: count().default(30),
  /** Of the project (`RATE_LIMIT_SMS_SENT`). */
  smsPerHour: count().default(30),
  /** All below: of one client address (`RATE_LIMIT_ANONYMOUS_USERS`). */
  anonymousPerHour: count().default(30),
  /** (`RATE_LIMIT_VERIFY`) */
  verifyPer5Min: count().default(30),
  /** (`RATE_LIMIT_TOKEN_REFRESH`) */
  refreshPer5Min: count().default(150),
  /** Whatever sends a code or makes a user (`RATE_LIMIT_OTP`). */
  otpPer5Min: count().default(30),
  /** (`RATE_LIMIT_PASSKEY`) */
  passkeyPer5Min: count().default(30),
  /** Sign-ins that go to an identity provider, and by themselves the answers that come from there (`RATE_LIMIT_SSO`, `SAML_RATE_LIMIT_ASSERTION`). */
  ssoPer5Min: count().default(30),
  /** Sign-ins with a wallet (`RATE_LIMIT_WEB3`). */
  web3Per5Min: count().default(30),
  /** Sign-ins by password; GoTrue has none. */
  signInPer5Min: count().default(100),
  /** Whether the client's address, as the edge passes it on, is believed (`RATE_LIMIT_HEADER`); if not, none counts by address. */
  trustedClientAddress: z.boolean().default(true),
})

/** Of one user, whoever tries. GoTrue has none. */
export const LockoutSettings = z
  .strictObject({
    enabled: z.boolean().default(true),
    /** Failures within `windowS` that lock. */
    attempts: z.int().min(3).max(1_000).default(10),
    windowS: z.int().min(10).max(86_400).default(900),
    /** Doubles with each further lock, up to `maxLockS`. */
    firstLockS: z.int().min(1).max(86_400).default(60),
    maxLockS: z.int().min(1).max(604_800).default(86_400),
  })
  .refine(({ firstLockS, maxLockS }) => firstLockS <= maxLockS, {
    path: ['maxLockS'],
    error: 'must not be below firstLockS',
  })
