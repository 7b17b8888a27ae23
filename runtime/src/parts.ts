/** The parts of a real runtime: Postgres over the wire, and the services. The one place that names them. */
import { setTimeout as sleep } from 'node:timers/promises'
import { restDialect } from './http/dialects.ts'
import { createRest } from './rest/routes.ts'
import type { Part, Parts } from './runtime.ts'
import { openDatabase } from './wire/open.ts'

/** The service tells only whether it is ready, not when. */
const READY_LOOK_EVERY_MS = 5

export const parts: Parts = {
  openDatabase: ({ host, port, database, user, password, poolSize }) =>
    openDatabase({ host, port, database, user, password, limits: { connections: poolSize } }),

  createServices: ({ database, project, logger }) => {
    const { embedDepthMax, statementTimeoutMs } = project.current().limits
    const rest = createRest({
      database,
      settings: () => project.current().rest,
      limits: { embedDepthMax, statementTimeoutMs },
      onSchemaError: (err) => logger.error({ err }, 'schema not read, trying again'),
    })
    let isClosed = false
    const unsubscribe = project.subscribe((next, previous) => {
      // Which schemas are exposed decides what the cache holds; everything else is read per request.
      if (next.rest.schemas.join() !== previous.rest.schemas.join()) void rest.reloadSchema()
    })
    const part: Part = {
      prefix: '/rest/v1',
      handle: (input, session, signal) => rest.handle(input, session, signal),
      dialect: restDialect,
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
