/**
 * Settings of `/auth/v1`. Names in brackets are GoTrue's, without `GOTRUE_`; times are seconds. Names that are not
 * known are left out: a runtime may be older than control. Whoever takes settings from a person asks `strangers`.
 */
import { z } from 'zod'
import { TrustedCertificates } from './auth/certificates.ts'
import { HttpUrl } from './auth/fields.ts'
import { LockoutSettings, RateLimits } from './auth/limits.ts'
import { MailerSettings, SmtpSettings } from './auth/mail.ts'
import { CustomProviderSettings, OAuthServerSettings } from './auth/oauth.ts'
import { CaptchaSettings, External, Hooks } from './auth/providers.ts'
import { SamlSettings } from './auth/saml.ts'
import {
  AnonymousSettings,
  EmailSettings,
  MfaSettings,
  PasskeySettings,
  PasswordSettings,
  PhoneSettings,
} from './auth/sign-in.ts'
import { JwtSettings, SessionSettings } from './auth/tokens.ts'
import { Web3Settings } from './auth/web3.ts'

export const AuthSettings = z.object({
  /** Where users are sent when nothing else is asked for (`SITE_URL`); null is the project's own URL. */
  siteUrl: HttpUrl.nullable().default(null),
  /** Where users may be sent, as globs (`URI_ALLOW_LIST`); the site is allowed anyway. */
  redirectUrls: z.array(z.string().min(1).max(2_000)).max(200).default([]),
  /** Nobody new gets in but by invitation (`DISABLE_SIGNUP`). */
  disableSignup: z.boolean().default(false),
  jwt: JwtSettings.prefault({}),
  email: EmailSettings.prefault({}),
  phone: PhoneSettings.prefault({}),
  anonymous: AnonymousSettings.prefault({}),
  /** Users may add identities to their account (`SECURITY_MANUAL_LINKING_ENABLED`). */
  manualLinking: z.boolean().default(false),
  password: PasswordSettings.prefault({}),
  sessions: SessionSettings.prefault({}),
  mfa: MfaSettings.prefault({}),
  passkeys: PasskeySettings.prefault({}),
  web3: Web3Settings.prefault({}),
  captcha: CaptchaSettings.nullable().default(null),
  /** Null sends no mail: what needs one says so. */
  smtp: SmtpSettings.nullable().default(null),
  mailer: MailerSettings.prefault({}),
  hooks: Hooks,
  external: External,
  customProviders: CustomProviderSettings.prefault({}),
  oauthServer: OAuthServerSettings.prefault({}),
  saml: SamlSettings.prefault({}),
  /** What the service key may name, providers and their metadata, may lie in private networks and on this machine. */
  privateHosts: z.boolean().default(false),
  /** In PEM; not secret. Of a provider, a mail server or a hook whose authority is one's own. */
  trustedCertificates: TrustedCertificates,
  rateLimits: RateLimits.prefault({}),
  lockout: LockoutSettings.prefault({}),
})
export type AuthSettings = z.infer<typeof AuthSettings>
