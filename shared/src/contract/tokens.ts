/** Bearer tokens of the control API. */
import { z } from 'zod'

/** `owner` may do everything; `admin` all but tokens and the instance; `read` only look, and sees no key. */
export const TokenScope = z.enum(['owner', 'admin', 'read'])
export type TokenScope = z.infer<typeof TokenScope>

export const Token = z
  .object({
    id: z.uuid(),
    name: z.string(),
    scope: TokenScope,
    project_ref: z.string().nullable(),
    created_at: z.string(),
    last_used_at: z.string().nullable(),
    expires_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
  })
  .meta({ id: 'Token' })
export type Token = z.infer<typeof Token>

export const CreateToken = z
  .object({
    name: z.string().trim().min(1).max(100),
    scope: TokenScope,
    project_ref: z.string().nullable().default(null),
    expires_in_days: z.int().min(1).max(3650).nullable().default(null),
  })
  .meta({
    id: 'CreateToken',
    examples: [{ name: 'ci', scope: 'admin', project_ref: 'shop', expires_in_days: 90 }],
  })
export type CreateToken = z.infer<typeof CreateToken>

/** The only time the token itself is shown. */
export const CreatedToken = Token.extend({ token: z.string() }).meta({ id: 'CreatedToken' })
export type CreatedToken = z.infer<typeof CreatedToken>
