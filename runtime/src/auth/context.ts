/** What every action of the service works with. Made once; settings are read anew at each request. */
import type { AuthSettings } from '@cascata/shared/auth-settings'
import type { Clock } from '@cascata/shared/clock'
import type { Sql, TransactionSql } from 'postgres'
import type { Egress } from '../session/egress.ts'
import type { CustomProviders } from './custom/provider.ts'
import type { Hooks } from './hooks/hooks.ts'
import type { Lockout } from './lockout/lockout.ts'
import type { Mailer } from './mail/mailer.ts'
import type { Reach } from './outbound.ts'
import type { Passwords } from './passwords/passwords.ts'
import type { Providers } from './providers/provider.ts'
import type { RateLimits } from './rates/rate-limits.ts'
import type { Sms } from './sms/sms.ts'
import type { IdpMetadatas } from './sso/idp-metadata.ts'

/** Of the runtime's log, what is needed here. */
export type Log = Readonly<Record<'info' | 'warn' | 'error', (members: object, message: string) => void>>

export type Project = {
  settings(): AuthSettings
  /** `https://<ref>.<domain>` */
  url(): string
  jwtSecret(): string
  /** Those before it: they sign and check nothing. */
  formerJwtSecrets(): readonly string[]
}

export type Context = {
  project: Project
  /** As `supabase_auth_admin`; opened with the first request that needs it. */
  sql(): Promise<Sql>
  passwords: Passwords
  mailer: Mailer
  sms: Sms
  providers: Providers
  customProviders: CustomProviders
  idpMetadatas: IdpMetadatas
  hooks: Hooks
  lockout: Lockout
  rates: RateLimits
  egress: Egress
  clock: Clock
  logger: Log
}

export const nowOf = ({ clock }: Pick<Context, 'clock'>): Date => new Date(clock.now())

/** GoTrue's `API_EXTERNAL_URL`. */
export const apiUrlOf = ({ project }: Pick<Context, 'project'>): string => `${project.url()}/auth/v1`

export const issuerOf = (context: Pick<Context, 'project'>): string =>
  context.project.settings().jwt.issuer ?? apiUrlOf(context)

export const siteUrlOf = ({ project }: Pick<Context, 'project'>): string =>
  project.settings().siteUrl ?? project.url()

/** Where those may lie that the holder of the service key names. */
export const reachOf = ({ project }: Pick<Context, 'project'>): Reach =>
  project.settings().privateHosts ? 'anywhere' : 'public'

/** One transaction. What throws in it leaves nothing behind. */
export async function within<Result>(
  context: Pick<Context, 'sql'>,
  work: (tx: TransactionSql) => Promise<Result>,
): Promise<Result> {
  const sql = await context.sql()
  return (await sql.begin(work)) as Result
}
