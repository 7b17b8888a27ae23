/** What each hook is sent and may answer, as GoTrue has it. Members of users and claims are what the API shows of them. */
import { z } from 'zod'

type Json = Readonly<Record<string, unknown>>

export type HookInputs = {
  customAccessToken: { user_id: string; claims: Json; authentication_method: string }
  sendEmail: {
    user: Json
    email_data: {
      token: string
      token_hash: string
      redirect_to: string
      email_action_type: string
      /** Of the API, not of the app: handlers put `/verify` behind it. */
      site_url: string
      /** When both addresses must confirm a change: `token` and `token_hash_new` are then the current one's. */
      token_new: string
      token_hash_new: string
      old_email?: string
      old_phone?: string
      provider?: string
      factor_type?: string
    }
  }
  sendSms: { user: Json; sms: { otp: string; sms_type: string; phone: string } }
  mfaVerificationAttempt: { user_id: string; factor_id: string; factor_type: string; valid: boolean }
  passwordVerificationAttempt: { user_id: string; valid: boolean }
  beforeUserCreated: { user: Json }
  afterUserCreated: { user: Json }
}
export type HookName = keyof HookInputs

/** Names in `metadata.name`. */
export const GOTRUE_NAMES: Readonly<Record<HookName, string>> = {
  customAccessToken: 'customize-access-token',
  sendEmail: 'send-email',
  sendSms: 'send-sms',
  mfaVerificationAttempt: 'mfa-verification',
  passwordVerificationAttempt: 'password-verification',
  beforeUserCreated: 'before-user-created',
  afterUserCreated: 'after-user-created',
}

/** What a token cannot do without: GoTrue refuses claims of a hook that lack one of them. */
const Claims = z.looseObject({
  aud: z.union([z.string(), z.array(z.unknown())]),
  exp: z.int(),
  iat: z.int(),
  sub: z.string(),
  email: z.string(),
  phone: z.string(),
  role: z.string(),
  aal: z.string(),
  session_id: z.string(),
  jti: z.string().optional(),
  iss: z.string().optional(),
  nbf: z.int().optional(),
  app_metadata: z.record(z.string(), z.unknown()).optional(),
  user_metadata: z.record(z.string(), z.unknown()).optional(),
  amr: z.array(z.union([z.string(), z.record(z.string(), z.unknown())])).optional(),
  client_id: z.string().optional(),
})

const text = z
  .string()
  .nullish()
  .transform((given) => given ?? '')
/** Anything but `reject` goes on, as with GoTrue. */
const decision = { decision: text, message: text }

export const HOOK_OUTPUTS = {
  customAccessToken: z.object({ claims: Claims }),
  sendEmail: z.unknown().transform(() => ({})),
  sendSms: z.unknown().transform(() => ({})),
  mfaVerificationAttempt: z.object(decision),
  passwordVerificationAttempt: z.object({
    ...decision,
    should_logout_user: z
      .boolean()
      .nullish()
      .transform((given) => given ?? false),
  }),
  beforeUserCreated: z.object(decision),
  afterUserCreated: z.unknown().transform(() => ({})),
} as const satisfies Record<HookName, z.ZodType>

export type HookOutputs = { [Name in HookName]: z.output<(typeof HOOK_OUTPUTS)[Name]> }
