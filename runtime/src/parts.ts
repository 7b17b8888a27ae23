/** The parts of a real runtime: Postgres over the wire, and the services. The one place that names them. */
import { restDialect } from './http/dialects.ts'
import { createRest } from './rest/rest.ts'
import type { Part, Parts } from './runtime.ts'
import { openDatabase } from './wire/open.ts'

export const parts: Parts = {
  openDatabase: ({ host, port, database, user, password, poolSize }) =>
    openDatabase({ host, port, database, user, password, limits: { connections: poolSize } }),

  createServices: ({ database, project, clock }) => {
    const settings = () => ({ ...project.current().rest, limits: project.current().limits })
    const rest = createRest({ database, settings, clock })
    const unsubscribe = project.subscribe((next, previous) => {
      // Which schemas are exposed decides what the cache holds; everything else is read per request.
      if (next.rest.schemas.join() !== previous.rest.schemas.join()) void rest.reloadSchema()
    })
    const part: Part = {
      prefix: '/rest/v1',
      handle: (input, session, signal) => rest.handle(input, session, signal),
      dialect: restDialect,
      start: () => rest.ready(),
      async close() {
        unsubscribe()
        await rest.close()
      },
    }
    return [part]
  },
}
