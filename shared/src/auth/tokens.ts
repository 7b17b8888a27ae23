/** Settings of access tokens, and of the sessions they are issued in. */
import { z } from 'zod'
import { seconds } from './fields.ts'

const ASYMMETRIC = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']

/** What a key has (RFC 7518, section 6; RFC 8037): for checking, and besides for signing. */
const MEMBERS = {
  RSA: { open: ['n', 'e'], secret: ['d'] },
  EC: { open: ['crv', 'x', 'y'], secret: ['d'] },
  OKP: { open: ['crv', 'x'], secret: ['d'] },
  oct: { open: ['k'], secret: [] },
} as const

/** A key (RFC 7517) with the name that tokens carry in their header: private, unless it only lets older tokens pass. */
export const Jwk = z
  .looseObject({
    kty: z.enum(['RSA', 'EC', 'OKP', 'oct']),
    kid: z.string().min(1).max(200),
    alg: z.enum([...ASYMMETRIC, 'HS256', 'HS384', 'HS512']),
    /** What it may do: `sign`, `verify`. */
    key_ops: z.array(z.string()).prefault(['verify']),
  })
  .refine((key) => {
    const { open, secret } = MEMBERS[key.kty]
    const needed = key.key_ops.includes('sign') ? [...open, ...secret] : open
    return needed.every((member) => typeof key[member] === 'string')
  }, 'must have all members of a key of its kind, the private one too if it signs')
export type Jwk = z.infer<typeof Jwk>

/** As Postgres cuts names. */
const RoleName = z.string().min(1).max(63)

export const JwtSettings = z
  .object({
    /** How long an access token is valid (`JWT_EXP`). */
    expiryS: seconds().min(30).max(604_800).default(3_600),
    /** `aud` of tokens and users (`JWT_AUD`). */
    audience: z.string().min(1).max(255).default('authenticated'),
    /** `iss` of tokens (`JWT_ISSUER`); null is `<project's url>/auth/v1`. */
    issuer: z.string().min(1).max(2_000).nullable().default(null),
    /** Roles whose tokens may do everything with users (`JWT_ADMIN_ROLES`). */
    adminRoles: z.array(RoleName).min(1).max(20).default(['service_role', 'supabase_admin']),
    /** Of new users, in Postgres (`JWT_DEFAULT_GROUP_NAME`). */
    defaultRole: RoleName.default('authenticated'),
    /** The first that may sign does (`JWT_KEYS`); none is HS256 with the project's secret, which is accepted either way. */
    keys: z
      .array(Jwk)
      .max(10)
      .refine(
        (keys) => new Set(keys.map(({ kid }) => kid)).size === keys.length,
        'no two keys may share a kid',
      )
      .refine(
        (keys) => keys.length === 0 || keys.some((key) => key.key_ops.includes('sign')),
        'one of the keys must have "sign" among its key_ops',
      )
      .default([]),
  })
  .refine(
    ({ adminRoles, defaultRole }) => !adminRoles.some((role) => role === 'anon' || role === defaultRole),
    {
      path: ['adminRoles'],
      error: 'must not have the role of new users or of nobody in particular among them',
    },
  )

export const SessionSettings = z.object({
  /** A session ends so long after its sign-in (`SESSIONS_TIMEBOX`); null is never. */
  timeboxS: seconds().nullable().default(null),
  /** A session ends when it was not refreshed for so long (`SESSIONS_INACTIVITY_TIMEOUT`); null is never. */
  inactivityS: seconds().nullable().default(null),
  /** A sign-in ends the user's other sessions (`SESSIONS_SINGLE_PER_USER`). */
  singlePerUser: z.boolean().default(false),
  /** A refresh token is used once (`SECURITY_REFRESH_TOKEN_ROTATION_ENABLED`). */
  refreshRotation: z.boolean().default(true),
  /** How long a used one is still taken, for clients whose answer got lost (`SECURITY_REFRESH_TOKEN_REUSE_INTERVAL`). */
  refreshReuseIntervalS: z.int().min(0).max(3_600).default(10),
})
