/** The parts of a real runtime: Postgres over the wire, and the services. The one place that names them. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ProjectDocument } from '@cascata/shared/project-document'
import { restDialect } from './http/dialects.ts'
import { usualSettings } from './rest/local-settings.ts'
import { isDescriptionPath } from './rest/request/document-paths.ts'
import { createRest } from './rest/routes.ts'
import type { Part, Parts } from './runtime.ts'
import type { Turn } from './session/database.ts'
import { openDatabase } from './wire/open.ts'

const PREFIX = '/rest/v1'

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

export const parts: Parts = {
  openDatabase({ database: { poolSize, spareConnections, ...place }, rest, limits: { statementTimeoutMs } }) {
    // As they are now: whatever changes is set again by each request.
    const session = { ...usualSettings(rest), statement_timeout: String(statementTimeoutMs) }
    return openDatabase({ ...place, session, limits: { connections: poolSize, spareConnections } })
  },

  createServices: ({ database, project, logger }) => {
    // Beside that of the listener, not after it: whoever wakes a project waits for both.
    database.run(FIRST).catch(() => {})
    const rest = createRest({
      database,
      settings: () => project.current().rest,
      limits: () => project.current().limits,
      readOnly: () => project.current().readOnly !== null,
      url: () => `${project.current().url}${PREFIX}`,
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
    return [part]
  },
}
