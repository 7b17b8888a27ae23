/** The parts of a real runtime: Postgres over the wire, and the services. The one place that names them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProjectDocument } from '@cascata/shared/project-document'
import { API_VERSION_HEADER, wordFailure } from './auth/dialect.ts'
import type { Auth } from './auth/open.ts'
import { isOpenPath } from './auth/open-paths.ts'
import type { HttpPace } from './auth/hooks/signed-http.ts'
import type { createAuthDescriber } from './auth/openapi/describer.ts'
import { restDialect } from './http/dialects.ts'
import { usualSettings } from './rest/local-settings.ts'
import { createRealtime, isSocketPath } from './realtime/service.ts'
import type { Neighbour } from './rest/openapi/oas3/neighbour.ts'
import { isDescriptionPath } from './rest/request/document-paths.ts'
import { createRest } from './rest/routes.ts'
import type { Part, Parts, ServiceDeps } from './runtime.ts'
import type { Turn } from './session/database.ts'
import { openDatabase } from './wire/open.ts'

const PREFIX = '/rest/v1'
const AUTH_PREFIX = '/auth/v1'
const REALTIME_PREFIX = '/realtime/v1'
const METADATA_PATH = '/.well-known/oauth-authorization-server'
/** Below it: of the issuer, and of who looks without its path. */
const METADATA_PLACES = new Set(['/', AUTH_PREFIX])

/** The service tells only whether it is ready, not when. */
const READY_LOOK_EVERY_MS = 5

/** Asks nothing: it opens a connection. */
const FIRST: Turn = {
  settings: [],
  main: { text: 'select 1', values: [], prepare: false },
  readOnly: true,
  end: 'commit',
  timeoutMs: 2_000,
}

const cached = ({ rest: { schemas, extraSearchPath } }: ProjectDocument): string =>
  JSON.stringify([schemas, extraSearchPath])

/** What tests set otherwise: an endpoint under their hand thinks for as long as a busy machine takes. */
type Tuning = { hookPace?: HttpPace }

export const partsWith = (tuning: Tuning): Parts => ({
  openDatabase({ database: { poolSize, spareConnections, ...place }, rest, limits: { statementTimeoutMs } }) {
    // As they are now: whatever changes is set again by each request.
    const session = { ...usualSettings(rest), statement_timeout: String(statementTimeoutMs) }
    return openDatabase({ ...place, session, limits: { connections: poolSize, spareConnections } })
  },

  createServices: ({ database, project, logger, clock }) => {
    // Beside that of the listener, not after it: whoever wakes a project waits for both.
    database.run(FIRST).catch(() => {})
    const rest = createRest({
      database,
      settings: () => project.current().rest,
      limits: () => project.current().limits,
      readOnly: () => project.current().readOnly !== null,
      url: () => `${project.current().url}${PREFIX}`,
      neighbour: describeAuth(() => project.current().auth),
      onSettings: (found) => project.amend(found),
      onSchemaError: (err) => logger.error({ err }, 'schema not read, trying again'),
    })
    let isClosed = false
    const unsubscribe = project.subscribe((next, previous) => {
      // What the cache holds of the database; everything else is read per request.
      if (cached(next) !== cached(previous)) void rest.reloadSchema()
    })
    const part: Part = {
      prefix: PREFIX,
      handle: (input, session, signal) => rest.handle(input, session, signal),
      dialect: restDialect,
      takesKeyInQuery: isDescriptionPath,
      async start() {
        while (!rest.ready() && !isClosed) await sleep(READY_LOOK_EVERY_MS)
      },
      async close() {
        isClosed = true
        unsubscribe()
        await rest.close()
      },
    }
    return [part, ...authParts({ project, logger, clock }, tuning), realtimePart()]
  },
})

export const parts: Parts = partsWith({})

/** Loaded with the first document: descriptions alone, nothing of what they describe. */
function describeAuth(written: () => ProjectDocument['auth']): Neighbour {
  let describe: Promise<ReturnType<typeof createAuthDescriber>> | undefined
  const loaded = async () => {
    const [{ createAuthDescriber }, { JwtSettings }] = await Promise.all([
      import('./auth/openapi/describer.ts'),
      import('@cascata/shared/auth/tokens'),
    ])
    const adminRoles = () => JwtSettings.parse(written().jwt).adminRoles
    return createAuthDescriber({ prefix: AUTH_PREFIX, adminRoles })
  }
  return async (asked) => {
    describe ??= loaded()
    return (await describe)(asked)
  }
}

/** Browsers can send a WebSocket no header: its key stands in the address. */
const realtimePart = (): Part => ({
  ...{ ...createRealtime(), prefix: REALTIME_PREFIX, takesKeyInQuery: isSocketPath },
  start: async () => {},
  close: async () => {},
})

/** Loaded with its first request: most of a project's requests are none of its. */
function authParts(
  { project, logger, clock }: Pick<ServiceDeps, 'project' | 'logger' | 'clock'>,
  { hookPace }: Tuning,
): Part[] {
  let auth: Promise<Auth> | undefined
  const opened = async (): Promise<Auth> => {
    const { openAuth } = await import('./auth/open.ts')
    return openAuth({ document: () => project.current(), clock, logger, hookPace })
  }
  const handle: Part['handle'] = async (input, session, signal) => {
    auth ??= opened()
    return (await auth).handle(input, { session, signal })
  }
  const dialect: Part['dialect'] = (problem, requestId, _isTerse, headers) => {
    const version = headers?.[API_VERSION_HEADER]
    return wordFailure(problem, requestId, typeof version === 'string' ? version : undefined)
  }
  const start = async () => {}
  return [
    {
      ...{ prefix: AUTH_PREFIX, handle, dialect, isOpen: isOpenPath, start },
      close: async () => (await auth)?.close(),
    },
    {
      // RFC 8414 (3.1) puts it before the path of the issuer, not behind it.
      ...{ prefix: METADATA_PATH, dialect, isOpen: () => true, start, close: async () => {} },
      handle: ({ path, ...input }, session, signal) =>
        handle({ ...input, path: METADATA_PLACES.has(path) ? METADATA_PATH : path }, session, signal),
    },
  ]
}
