/**
 * What is left when all but the way to Postgres and back is taken from the runtime: `node:http`, its own connections,
 * and a few statements that stand here; a token is checked once. What it does more than this, it may be asked for.
 * `node fixed.ts FILE`, FILE being JSON: `{listen, socketDir, password, secret}`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { openDatabase } from '@cascata/runtime/wire/open'
import { CASES, type CaseName, truthSql } from './cases.ts'
import { FIXED } from './dialect.ts'
import type { NaiveSettings } from './naive.ts'

const { listen, socketDir, password, secret } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
) as Omit<NaiveSettings, 'trips'>

const STATEMENT_TIMEOUT_MS = 8_000
const database = openDatabase({
  ...{ host: socketDir, port: 5432, database: 'postgres', user: 'authenticator', password },
  session: {
    ...{ search_path: 'public, extensions', 'request.method': 'GET', 'request.cookies': '{}' },
    statement_timeout: String(STATEMENT_TIMEOUT_MS),
  },
})
const statements = new Map(
  Object.keys(FIXED).map((name) => [name, truthSql(CASES[name as CaseName])] as const),
)

const checked = new Map<string, string>()
function claimsOf(authorization: string): string {
  const known = checked.get(authorization)
  if (known !== undefined) return known
  const [head = '', body = '', signature = ''] = authorization.slice(7).split('.')
  const made = createHmac('sha256', secret).update(`${head}.${body}`).digest()
  if (!timingSafeEqual(made, Buffer.from(signature, 'base64url'))) throw new Error('not a token of ours')
  const claims = Buffer.from(body, 'base64url').toString()
  checked.set(authorization, claims)
  return claims
}

async function handle({ url = '', headers }: IncomingMessage): Promise<Buffer> {
  const [, name = '', value = ''] = url.split('/')
  const text = statements.get(name)
  if (text === undefined) throw new Error(`nothing is called ${name}`)
  const { rows } = await database.run({
    settings: [
      ['role', 'authenticated'],
      ['request.jwt.claims', claimsOf(headers.authorization ?? '')],
      ['request.path', '/notes'],
      ['request.headers', JSON.stringify(headers)],
    ],
    main: { text, values: [value] },
    ...{ readOnly: true, end: 'commit', timeoutMs: STATEMENT_TIMEOUT_MS },
  })
  return rows[0]?.[0] ?? Buffer.from('null')
}

const server = createServer((request, response) => {
  handle(request).then(
    (body) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
      response.end(body)
    },
    (error: unknown) => {
      console.error(error)
      response.writeHead(500).end()
    },
  )
})
server.listen(listen)
process.on('SIGTERM', () => process.exit(0))
