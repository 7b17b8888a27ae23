/** PostGraphile as its makers set it up by default, with the caller's role and claims for row-level security. */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { postgraphile } from 'postgraphile'
import { makePgService } from 'postgraphile/adaptors/pg'
import { grafserv } from 'postgraphile/grafserv/node'
import { PostGraphileAmberPreset } from 'postgraphile/presets/amber'

const jwt = createRequire(import.meta.url)('jsonwebtoken')
const { listen, socketDir, password, secret } = JSON.parse(readFileSync(process.argv[2], 'utf8'))

const settingsOf = (request) => {
  const token = (request?.headers.authorization ?? '').slice('Bearer '.length)
  const claims = jwt.verify(token, secret, { algorithms: ['HS256'] })
  return { role: claims.role, 'request.jwt.claims': JSON.stringify(claims) }
}

const preset = {
  extends: [PostGraphileAmberPreset],
  pgServices: [
    makePgService({
      schemas: ['public'],
      poolConfig: { host: socketDir, user: 'authenticator', password, database: 'postgres', max: 16 },
      pubsub: false,
    }),
  ],
  grafserv: { graphqlOverGET: true, graphqlPath: '/graphql', watch: false },
  grafast: {
    explain: false,
    context: ({ node }) => ({ pgSettings: settingsOf(node?.req) }),
  },
}
const server = createServer()
const graphile = postgraphile(preset).createServ(grafserv)
await graphile.addTo(server)
server.listen(listen)
process.on('SIGTERM', () => process.exit(0))
