/** Users of a project's auth, as the control API shows and takes them: GoTrue's own words, since that is who answers. */
import { z } from 'zod'
import { PageQuery } from './page.ts'

const Metadata = z.record(z.string(), z.unknown())
const Email = z.string().trim().min(1).max(320)
const Phone = z.string().trim().min(1).max(30)
/** How long it may be is the project's to say. */
const Password = z.string().min(1).max(10_000)
/** As Go writes them: `24h`, `1h30m`; `none` ends a ban. */
const BanDuration = z.string().min(1).max(50)

/** What is here is always there; more may be, as the project's release has it. */
export const AuthUser = z
  .looseObject({
    id: z.uuid(),
    role: z.string(),
    /** Empty when there is none. */
    email: z.string(),
    phone: z.string(),
    app_metadata: Metadata,
    user_metadata: Metadata,
    created_at: z.string(),
    email_confirmed_at: z.string().optional(),
    phone_confirmed_at: z.string().optional(),
    last_sign_in_at: z.string().optional(),
    banned_until: z.string().optional(),
    deleted_at: z.string().optional(),
    is_anonymous: z.boolean(),
  })
  .meta({ id: 'AuthUser' })
export type AuthUser = z.infer<typeof AuthUser>

export const AuthUsersQuery = PageQuery.extend({
  /** Part of an address, a number or a name. */
  filter: z.string().trim().min(1).max(320).optional(),
})
export type AuthUsersQuery = z.infer<typeof AuthUsersQuery>

const given = {
  email: Email.optional(),
  phone: Phone.optional(),
  password: Password.optional(),
  /** Of argon2id, bcrypt, scrypt or Firebase's scrypt, in place of the password. */
  password_hash: Password.optional(),
  /** The address counts as confirmed. */
  email_confirm: z.boolean().optional(),
  phone_confirm: z.boolean().optional(),
  user_metadata: Metadata.optional(),
  app_metadata: Metadata.optional(),
  role: z.string().min(1).max(63).optional(),
  ban_duration: BanDuration.optional(),
}

export const CreateAuthUser = z.strictObject({ id: z.uuid().optional(), ...given }).meta({
  id: 'CreateAuthUser',
  examples: [{ email: 'ada@example.com', password: 'correct horse battery staple', email_confirm: true }],
})
export type CreateAuthUser = z.infer<typeof CreateAuthUser>

/** What is not named stays; metadata are merged, member by member. */
export const ChangeAuthUser = z
  .strictObject(given)
  .meta({ id: 'ChangeAuthUser', examples: [{ ban_duration: '24h' }] })
export type ChangeAuthUser = z.infer<typeof ChangeAuthUser>

export const DeleteAuthUserQuery = z.object({
  /** Keeps the row, without what it says of the person. */
  soft: z
    .enum(['true', 'false'])
    .default('false')
    .transform((text) => text === 'true'),
})

export const SignedOut = z.object({ sessions: z.int() }).meta({ id: 'SignedOut' })
export type SignedOut = z.infer<typeof SignedOut>

export const InviteAuthUser = z
  .strictObject({ email: Email, data: Metadata.optional(), redirect_to: z.url().max(2_000).optional() })
  .meta({ id: 'InviteAuthUser', examples: [{ email: 'ada@example.com' }] })
export type InviteAuthUser = z.infer<typeof InviteAuthUser>

export const AuthLinkType = z.enum([
  'signup',
  'invite',
  'magiclink',
  'recovery',
  'email_change_current',
  'email_change_new',
])

export const GenerateAuthLink = z
  .strictObject({
    type: AuthLinkType,
    email: Email,
    new_email: Email.optional(),
    password: Password.optional(),
    data: Metadata.optional(),
    redirect_to: z.url().max(2_000).optional(),
  })
  .meta({ id: 'GenerateAuthLink', examples: [{ type: 'magiclink', email: 'ada@example.com' }] })
export type GenerateAuthLink = z.infer<typeof GenerateAuthLink>

/** Whoever has it is in: show it to nobody else. */
export const AuthLink = z
  .object({
    user_id: z.uuid(),
    action_link: z.string(),
    email_otp: z.string(),
    hashed_token: z.string(),
    verification_type: z.string(),
    redirect_to: z.string(),
  })
  .meta({ id: 'AuthLink' })
export type AuthLink = z.infer<typeof AuthLink>
