/** Puts the service together, with the first request: what nobody asks for takes neither memory nor time. */
import { certificatesIn } from '@cascata/shared/auth/certificates'
import { AuthSettings } from '@cascata/shared/auth-settings'
import type { Clock } from '@cascata/shared/clock'
import type { ProjectDocument } from '@cascata/shared/project-document'
import { createEgress } from '../session/egress.ts'
import type { Session } from '../session/session.ts'
import { type Context, type Log, type Project, reachOf } from './context.ts'
import { createCounters } from './counters/counters.ts'
import { redisLink } from './counters/redis-link.ts'
import { createSharedTexts, type SharedTexts } from './counters/shared-texts.ts'
import { createCustomProviders } from './custom/providers.ts'
import { createAuthDatabase } from './database.ts'
import { createHooks } from './hooks/hooks.ts'
import type { HttpPace } from './hooks/signed-http.ts'
import { createLockout } from './lockout/lockout.ts'
import { LOCKS_MAX, lockKind } from './lockout/memory.ts'
import { createMailer } from './mail/mailer.ts'
import { createPasswords } from './passwords/passwords.ts'
import { createProviders } from './providers/providers.ts'
import { createRateLimits } from './rates/rate-limits.ts'
import { type AuthInput, type AuthOutput, handleAuth } from './service.ts'
import { createSms } from './sms/sms.ts'
import { createIdpMetadatas } from './sso/idp-metadata.ts'
import { createTrust } from './trust.ts'
import { tellOfLock } from './unlock.ts'

export type Auth = {
  handle(input: AuthInput, caller: { session: Session; signal: AbortSignal }): Promise<AuthOutput>
  close(): Promise<void>
}

type OnRead = (settings: AuthSettings) => void

/** Anew when there is another document, and not at each request. */
function readOnce(written: () => ProjectDocument['auth'], onRead: OnRead): () => AuthSettings {
  let read: { from: ProjectDocument['auth']; settings: AuthSettings } | undefined
  return () => {
    const from = written()
    if (read?.from !== from) {
      read = { from, settings: AuthSettings.parse(from) }
      onRead(read.settings)
    }
    return read.settings
  }
}

type Deps = {
  document: () => ProjectDocument
  clock: Clock
  logger: Log
  /** How long endpoints of hooks may take; what `hooks/limits.ts` says when absent. */
  hookPace?: HttpPace | undefined
}

export function openAuth({ document, clock, logger, hookPace }: Deps): Auth {
  const trust = createTrust()
  const believe = (pem: string | null) => trust.beside(pem === null ? [] : certificatesIn(pem))
  // Whoever asks outside has read the settings first: whom to ask stands there.
  const settings = readOnce(
    () => document().auth,
    ({ trustedCertificates }) => believe(trustedCertificates),
  )
  const database = createAuthDatabase(() => document().database)
  const mailer = createMailer(settings)
  const project: Project = {
    ...{ settings, url: () => document().url, jwtSecret: () => document().jwtSecret },
    formerJwtSecrets: () => document().formerJwtSecrets,
  }
  const shared = sharedTexts({ document, clock, logger })
  const lockSettings = () => settings().lockout
  const context: Context = {
    ...{ project, sql: database.sql },
    passwords: createPasswords({
      onUnreadable: (err) => logger.warn({ err }, 'a stored password hash cannot be read'),
    }),
    mailer,
    sms: createSms(() => settings().phone),
    providers: createProviders(() => settings().external),
    customProviders: createCustomProviders({ sql: database.sql, project, clock }),
    idpMetadatas: createIdpMetadatas({ clock, logger, reach: () => reachOf({ project }) }),
    hooks: createHooks({ settings: () => settings().hooks, clock, ...(hookPace && { pace: hookPace }) }),
    lockout: createLockout({
      ...{ settings: lockSettings, clock },
      counters: createCounters({ kind: lockKind(lockSettings), shared, clock, entriesMax: LOCKS_MAX }),
      onEvent: (event) =>
        event.type === 'locked'
          ? tellOfLock(context, event.lock)
          : logger.error({ err: event.cause }, 'attempts cannot be counted: nobody is let in'),
    }),
    rates: createRateLimits({ settings: () => settings().rateLimits, shared, clock }),
    ...{ egress: createEgress(), clock, logger },
  }
  return {
    handle: (input, caller) => handleAuth(context, input, caller),
    async close() {
      believe(null)
      shared?.close()
      await Promise.all([mailer.close(), database.close()])
    },
  }
}

/** Undefined for a runtime by itself: there are no others to count with. */
function sharedTexts({ document, clock, logger }: Deps): SharedTexts | undefined {
  if (document().counters === null) return undefined
  return createSharedTexts({
    ...{ link: redisLink(document), clock },
    onAway: (err) => logger.warn({ err }, 'Redis is away: attempts are counted by this runtime alone'),
    onBack: () => logger.info({}, 'Redis is back: attempts are counted together'),
  })
}
