/** Settings of the mail that is sent: through whom, and what stands in it. */
import { z } from 'zod'
import { perName, Secret } from './fields.ts'

export const MailKind = z.enum([
  'confirmation',
  'invite',
  'magic_link',
  'recovery',
  'email_change',
  'reauthentication',
  'password_changed',
  'account_locked',
])
export type MailKind = z.infer<typeof MailKind>

/** No line break: it becomes a header. */
const Header = z
  .string()
  .min(1)
  .max(200)
  .regex(/^[^\r\n]*$/, 'must be one line')

export const SmtpSettings = z.object({
  /** (`SMTP_HOST`) */
  host: z.string().min(1).max(253),
  /** (`SMTP_PORT`) */
  port: z.int().min(1).max(65_535).default(587),
  /** (`SMTP_USER`) */
  user: z.string().min(1).max(500).nullable().default(null),
  /** (`SMTP_PASS`) */
  password: Secret.nullable().default(null),
  /** TLS from the first byte (`always`), never, or by what the server offers: at once on 465, else STARTTLS. */
  secure: z.enum(['auto', 'always', 'never']).default('auto'),
  /** (`SMTP_ADMIN_EMAIL`) */
  senderEmail: z.email().max(320),
  /** (`SMTP_SENDER_NAME`) */
  senderName: Header.nullable().default(null),
})

const Template = z.object({
  /** Go template (`MAILER_SUBJECTS_*`). */
  subject: Header.optional(),
  /** Go template (`MAILER_TEMPLATES_*`), the text itself rather than where it is. */
  html: z.string().min(1).max(100_000).optional(),
})

/** On the project's own address: a link never leads to another host. */
const LinkPath = z
  .string()
  .max(500)
  .regex(/^\/(?![/\\])[^\s?#\\]*$/, 'must be a path that begins with one /')
  .default('/auth/v1/verify')

export const MailerSettings = z.object({
  /** Where links lead to, by mail (`MAILER_URLPATHS_*`): something of one's own that asks `/verify` itself. */
  urlPaths: z
    .object({
      confirmation: LinkPath,
      invite: LinkPath,
      /** Also of magic links. */
      recovery: LinkPath,
      email_change: LinkPath,
    })
    .prefault({}),
  /** In place of the built-in ones, by kind. */
  templates: perName(MailKind, Template).prefault({}),
  /** Letters that only tell what happened. */
  notifications: z
    .object({
      /** (`MAILER_NOTIFICATIONS_PASSWORD_CHANGED_ENABLED`) */
      passwordChanged: z.boolean().default(false),
      /** With a link that unlocks; GoTrue has no locks. */
      accountLocked: z.boolean().default(true),
    })
    .prefault({}),
})
