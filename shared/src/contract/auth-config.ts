/** Settings of a project's `/auth/v1` as the control API shows and takes them: secrets go in, and never come out. */
import { z } from 'zod'
import { MailerSettings, SmtpSettings } from '../auth/mail.ts'
import { CaptchaSettings, ExternalProvider, HookName } from '../auth/providers.ts'
import { SamlSettings } from '../auth/saml.ts'
import { PhoneSettings } from '../auth/sign-in.ts'
import { JwtSettings } from '../auth/tokens.ts'
import { AuthSettings } from '../auth-settings.ts'
import { Operation } from './operations.ts'

/** There is one. */
const Hidden = z.object({ set: z.literal(true) }).meta({ id: 'HiddenSecret' })
/** Not `nullable()`: of a named schema that is described as one that never is null. */
const HiddenOrNone = z.union([Hidden, z.null()])
const none = () => z.array(z.unknown()).max(0)

const PhoneProviderView = z.object({
  kind: z.enum(['twilio', 'webhook']),
  accountSid: z.string().optional(),
  authToken: Hidden.optional(),
  from: z.string().optional(),
  messagingServiceSid: z.string().optional(),
  url: z.string().optional(),
  secret: Hidden.optional(),
})

const HookView = z.object({ uri: z.string(), secrets: z.union([Hidden, none()]) })

export const AuthConfig = z
  .object({
    ...AuthSettings.shape,
    jwt: z.object({ ...JwtSettings.shape, keys: z.union([Hidden, none()]) }),
    phone: z.object({ ...PhoneSettings.shape, provider: PhoneProviderView.nullable() }),
    captcha: z.object({ ...CaptchaSettings.shape, secret: Hidden }).nullable(),
    smtp: z.object({ ...SmtpSettings.shape, password: HiddenOrNone }).nullable(),
    mailer: z.object({
      ...MailerSettings.shape,
      templates: z.record(
        z.string(),
        z.object({ subject: z.string().optional(), html: z.string().optional() }),
      ),
    }),
    hooks: z.record(z.string().meta({ description: HookName.options.join(', ') }), HookView),
    external: z.record(z.string(), z.object({ ...ExternalProvider.shape, secret: HiddenOrNone })),
    saml: z.object({ ...SamlSettings.shape, privateKey: HiddenOrNone }),
  })
  .meta({ id: 'AuthConfig' })
export type AuthConfig = z.infer<typeof AuthConfig>

/** What is named changes, what is not stays; null goes back to the default. */
export const ChangeAuthConfig = z.record(z.string(), z.unknown()).meta({
  id: 'ChangeAuthConfig',
  description:
    'A JSON Merge Patch (RFC 7396) of `AuthConfig`, with secrets in clear where they change. `{"set": true}` in the place of a secret leaves it.',
  examples: [
    {
      siteUrl: 'https://shop.example.com',
      smtp: { host: 'smtp.example.com', user: 'shop', password: 'secret', senderEmail: 'shop@example.com' },
      external: { google: { clientIds: ['123.apps.googleusercontent.com'], secret: 'secret' } },
    },
  ],
})
export type ChangeAuthConfig = z.infer<typeof ChangeAuthConfig>

export const AuthConfigChange = z
  .object({ ...AuthConfig.shape, operation: Operation })
  .meta({ id: 'AuthConfigChange' })
export type AuthConfigChange = z.infer<typeof AuthConfigChange>
