/** Settings of the ways to sign in that need nobody else: address and password, phone, codes, second factors, passkeys. */
import { z } from 'zod'
import { HttpUrl, otpExpiryS, otpLength, Secret } from './fields.ts'

const maxFrequencyS = () => z.int().min(0).max(86_400)
const phoneTemplate = () => z.string().min(1).max(1_000).default('Your code is {{ .Code }}')
/** Digits alone, as numbers are stored. */
const PhoneNumber = z.string().regex(/^[1-9][0-9]{1,14}$/, 'must be a number in E.164, without the +')

export const EmailSettings = z.object({
  /** Sign-up and sign-in by address (`EXTERNAL_EMAIL_ENABLED`). */
  enabled: z.boolean().default(true),
  /** New addresses count as confirmed: no mail is sent (`MAILER_AUTOCONFIRM`). */
  autoconfirm: z.boolean().default(false),
  /** A change of address is confirmed from both addresses (`MAILER_SECURE_EMAIL_CHANGE_ENABLED`). */
  secureChange: z.boolean().default(true),
  /** Lets in who has not confirmed (`MAILER_ALLOW_UNVERIFIED_EMAIL_SIGN_INS`). */
  allowUnverifiedSignIns: z.boolean().default(false),
  /** Sign-in by a mailed link or code (`EXTERNAL_EMAIL_MAGIC_LINK_ENABLED`). */
  magicLink: z.boolean().default(true),
  /** Digits of a mailed code (`MAILER_OTP_LENGTH`). */
  otpLength: otpLength().default(6),
  /** How long a mailed code or link is valid (`MAILER_OTP_EXP`). */
  otpExpiryS: otpExpiryS().default(3_600),
  /** Least time between two mails to one user (`SMTP_MAX_FREQUENCY`). */
  maxFrequencyS: maxFrequencyS().default(60),
})

export const PhoneProvider = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('twilio'),
    accountSid: z.string().min(1).max(100),
    authToken: Secret,
    /** The number that messages come from; or a messaging service. */
    from: z.string().min(1).max(100).optional(),
    messagingServiceSid: z.string().min(1).max(100).optional(),
    /** Where Twilio's API is, when not where it is for everybody. */
    url: HttpUrl.optional(),
  }),
  z.object({
    kind: z.literal('webhook'),
    /** Gets each message, signed as Standard Webhooks are. */
    url: HttpUrl,
    secret: Secret,
  }),
])

export const PhoneSettings = z.object({
  /** Sign-up and sign-in by phone (`EXTERNAL_PHONE_ENABLED`). */
  enabled: z.boolean().default(false),
  /** New numbers count as confirmed (`SMS_AUTOCONFIRM`). */
  autoconfirm: z.boolean().default(false),
  /** Digits of a code (`SMS_OTP_LENGTH`). */
  otpLength: otpLength().default(6),
  /** How long a code is valid (`SMS_OTP_EXP`). */
  otpExpiryS: otpExpiryS().default(60),
  /** Least time between two messages to one user (`SMS_MAX_FREQUENCY`). */
  maxFrequencyS: maxFrequencyS().default(60),
  /** Go template with `.Code` (`SMS_TEMPLATE`). */
  template: phoneTemplate(),
  /** Numbers whose code is always this one and that get no message (`SMS_TEST_OTP`). */
  testOtp: z.record(PhoneNumber, z.string().regex(/^[0-9]{6,10}$/, 'must be 6 to 10 digits')).default({}),
  /** Who sends (`SMS_PROVIDER`). */
  provider: PhoneProvider.refine(
    (provider) =>
      provider.kind !== 'twilio' ||
      (provider.from === undefined) !== (provider.messagingServiceSid === undefined),
    'needs either from or messagingServiceSid',
  )
    .nullable()
    .default(null),
})

export const AnonymousSettings = z.object({
  /** Sign-in without any name (`EXTERNAL_ANONYMOUS_USERS_ENABLED`). */
  enabled: z.boolean().default(false),
})

export const PasswordSettings = z.object({
  /** (`PASSWORD_MIN_LENGTH`) */
  minLength: z.int().min(6).max(72).default(6),
  /** Of each of these sets a password has one character at least (`PASSWORD_REQUIRED_CHARACTERS`). */
  requiredCharacters: z.array(z.string().min(1).max(200)).max(10).default([]),
  /** Refuses passwords that everybody tries first; the list is built in, nothing is asked of anybody. */
  refuseCommon: z.boolean().default(true),
  /** Asks a service whether a password is known from a leak; it learns five letters of its hash. */
  hibp: z
    .object({
      /** (`PASSWORD_HIBP_ENABLED`) */
      enabled: z.boolean().default(false),
      /** A service that does not answer refuses the password (`PASSWORD_HIBP_FAIL_CLOSED`). */
      failClosed: z.boolean().default(false),
      /** Another place that speaks the same, as a mirror of one's own. */
      url: HttpUrl.default('https://api.pwnedpasswords.com/range'),
    })
    .prefault({}),
  /** A change needs a code that was mailed, or a fresh sign-in (`SECURITY_UPDATE_PASSWORD_REQUIRE_REAUTHENTICATION`). */
  requireReauthentication: z.boolean().default(false),
  /** A change needs the password of before (`SECURITY_UPDATE_PASSWORD_REQUIRE_CURRENT_PASSWORD`). */
  requireCurrent: z.boolean().default(false),
})

const factor = (on: boolean) => ({ enroll: z.boolean().default(on), verify: z.boolean().default(on) })

export const MfaSettings = z.object({
  /** Of one user (`MFA_MAX_ENROLLED_FACTORS`). */
  maxEnrolledFactors: z.int().min(0).max(100).default(10),
  /** How long a challenge may be answered (`MFA_CHALLENGE_EXPIRY_DURATION`). */
  challengeExpiryS: z.int().min(10).max(3_600).default(300),
  /** Codes of an authenticator app (`MFA_TOTP_*`). */
  totp: z.object(factor(true)).prefault({}),
  /** Codes by phone (`MFA_PHONE_*`). */
  phone: z.object({ ...factor(false), template: phoneTemplate() }).prefault({}),
  /** Security keys (`MFA_WEB_AUTHN_*`). */
  webauthn: z.object(factor(false)).prefault({}),
})

export const PasskeySettings = z.object({
  /** Sign-in by passkey alone (`PASSKEY_ENABLED`). */
  enabled: z.boolean().default(false),
  /** The domain they belong to (`WEBAUTHN_RP_ID`); null is the host of the site. */
  rpId: z.string().min(1).max(253).nullable().default(null),
  /** Where they may be used (`WEBAUTHN_RP_ORIGINS`); none named is the site. */
  rpOrigins: z.array(z.string().min(1).max(500)).max(20).default([]),
  /** What browsers show (`WEBAUTHN_RP_DISPLAY_NAME`). */
  rpName: z.string().min(1).max(200).nullable().default(null),
  /** Of one user. */
  max: z.int().min(1).max(100).default(10),
})
