/**
 * Platformatic DB in one process. It knows no row-level security: the caller's team is a rule of its own, which it
 * adds to each query, and its login sees every row.
 */
import { readFileSync } from 'node:fs'
import { create } from '@platformatic/db'

const { listen, socketDir, user, password, secret } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const checks = { team: { eq: 'team' } }
const config = {
  server: { logger: { level: 'warn' } },
  db: {
    connectionString: `postgres://${user}:${password}@${encodeURIComponent(socketDir)}/postgres`,
    poolSize: 16,
    openapi: true,
    graphql: true,
    events: false,
  },
  authorization: {
    jwt: { secret },
    rolePath: 'role',
    rules: ['note', 'parent', 'child', 'event'].map((entity) => ({
      role: 'authenticated',
      entity,
      find: { checks },
      delete: false,
      save: { checks },
    })),
  },
  watch: false,
}
const app = await create(import.meta.dirname, config, { isProduction: true })
await app.init()
await app.getApplication().listen({ path: listen })
process.on('SIGTERM', () => process.exit(0))
