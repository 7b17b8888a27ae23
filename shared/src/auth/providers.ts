/** Settings of those who are asked from outside: identity providers, hooks of the tenant's own, captchas. */
import { z } from 'zod'
import { HttpUrl, perName, Secret } from './fields.ts'

/** An identity provider (`EXTERNAL_<NAME>_*`). Which names there are is the runtime's to know; with `issuer`, any name is. */
export const ExternalProvider = z.object({
  enabled: z.boolean().default(true),
  /** The first is sent; tokens made for any of them are taken (`CLIENT_ID`, of several with commas). */
  clientIds: z.array(z.string().min(1).max(500)).min(1).max(20),
  /** (`SECRET`) */
  secret: Secret.nullable().default(null),
  /** (`REDIRECT_URI`); null is `<project's url>/auth/v1/callback`. */
  redirectUri: HttpUrl.nullable().default(null),
  /** Where the provider is, when it is one's own: GitLab, Keycloak, Azure's tenant (`URL`). */
  url: HttpUrl.nullable().default(null),
  /** Takes ID tokens whose nonce cannot be checked (`SKIP_NONCE_CHECK`). */
  skipNonceCheck: z.boolean().default(false),
  /** Lets in users of whom the provider names no address (`EMAIL_OPTIONAL`). */
  emailOptional: z.boolean().default(false),
  /** Asked for besides what a sign-in needs. */
  scopes: z.array(z.string().min(1).max(200)).max(50).default([]),
  /** Of an OpenID Connect provider that is described at its `/.well-known/openid-configuration`. */
  issuer: HttpUrl.optional(),
})
export type ExternalProvider = z.infer<typeof ExternalProvider>

export const ProviderName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_:-]{0,49}$/, 'must be up to 50 small letters, digits, _, - and :')

export const External = z.record(ProviderName, ExternalProvider).default({})

export const HookName = z.enum([
  'customAccessToken',
  'sendEmail',
  'sendSms',
  'mfaVerificationAttempt',
  'passwordVerificationAttempt',
  'beforeUserCreated',
  'afterUserCreated',
])
export type HookName = z.infer<typeof HookName>

const HOOK_URI = /^(https?:\/\/[^\s/]+\S*|pg-functions:\/\/postgres\/[A-Za-z0-9_]+\/[A-Za-z0-9_]+)$/

/** (`HOOK_<NAME>_URI`, `HOOK_<NAME>_SECRETS`) */
const Hook = z
  .strictObject({
    uri: z
      .string()
      .max(2_000)
      .regex(HOOK_URI, 'must be a URL of http(s), or pg-functions://postgres/<schema>/<function>'),
    /** `v1,whsec_<base64>`, as Standard Webhooks has them; the first signs. */
    secrets: z
      .array(z.string().regex(/^v1,whsec_[A-Za-z0-9+/]+=*$/, 'must be v1,whsec_ and base64'))
      .max(5)
      .default([]),
  })
  .refine(({ uri, secrets }) => !uri.startsWith('http') || secrets.length > 0, {
    path: ['secrets'],
    error: 'must have one at least: a call by http is signed',
  })

export const Hooks = perName(HookName, Hook).prefault({})

/** (`SECURITY_CAPTCHA_*`) */
export const CaptchaSettings = z.object({
  provider: z.enum(['hcaptcha', 'turnstile']),
  secret: Secret,
  /** Where answers are checked, when not where it is for everybody. */
  verifyUrl: HttpUrl.optional(),
})
