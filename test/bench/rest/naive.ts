/**
 * The handler one writes by hand in an afternoon: node:http, postgres.js, a transaction that takes on the caller's
 * role, rows through JSON.stringify. `node naive.ts FILE`, FILE being JSON: `{listen, socketDir, password, secret}`.
 */
import { createHmac, timingSafeEqual } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { join } from 'node:path'
import postgres, { type TransactionSql } from 'postgres'

export type NaiveSettings = {
  listen: string
  socketDir: string
  user?: string
  password: string
  secret: string
  /** Begin, role, claims, query, commit; four when role and claims are set in one statement. */
  trips: 4 | 5
}

const { listen, socketDir, password, secret, trips } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
) as NaiveSettings
/** As many connections as PostgREST and others have by default, give or take. */
const POOL = 16
const sql = postgres({
  path: join(socketDir, '.s.PGSQL.5432'),
  ...{ database: 'postgres', user: 'authenticator', password, max: POOL },
})

type Claims = { role: string }

function claimsOf({ headers }: IncomingMessage): Claims {
  const [head = '', body = '', signature = ''] = (headers.authorization ?? '').slice(7).split('.')
  const made = createHmac('sha256', secret).update(`${head}.${body}`).digest()
  if (!timingSafeEqual(made, Buffer.from(signature, 'base64url'))) throw new Error('not a token of ours')
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims
}

type Work = (tx: TransactionSql, value: number, body: unknown) => Promise<unknown>

const WORK: Record<string, Work> = {
  single: (tx, id) => tx`select id, topic, body from notes where id = ${id}`,
  ten: (tx, topic) => tx`select id, topic, body from notes where topic = ${topic} order by id`,
  async embed(tx, id) {
    const parents = await tx`select id, name from parents where id = ${id}`
    const children = await tx`select id, body from children where parent = ${id}`
    return parents.map((parent) => ({ ...parent, children }))
  },
  insert: (tx, _, body) =>
    tx`insert into events ${tx(body as { team: number; topic: number; body: string }[])}`,
  async rpc(tx, topic) {
    const [row] = await tx`select topic_size(${topic}) as size`
    return row?.size
  },
  async count(tx, topic) {
    const [total] = await tx`select count(*)::int as total from notes where topic = ${topic}`
    const rows = await tx`select id, topic, body from notes where topic = ${topic} order by id limit 5`
    return { rows, total: total?.total }
  },
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  if (request.method !== 'POST') return undefined
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return JSON.parse(Buffer.concat(chunks).toString())
}

async function handle(request: IncomingMessage): Promise<unknown> {
  const claims = claimsOf(request)
  const [, name = '', value] = (request.url ?? '').split('/')
  const work = WORK[name]
  if (!work) throw new Error(`nothing is called ${name}`)
  const body = await bodyOf(request)
  return sql.begin(async (tx) => {
    const claimsJson = JSON.stringify(claims)
    if (trips === 5) {
      await tx`set local role ${tx(claims.role)}`
      await tx`select set_config('request.jwt.claims', ${claimsJson}, true)`
    } else {
      await tx`select set_config('role', ${claims.role}, true), set_config('request.jwt.claims', ${claimsJson}, true)`
    }
    return work(tx, Number(value), body)
  })
}

const server = createServer((request, response) => {
  handle(request).then(
    (answer) => {
      const status = request.method === 'POST' ? 201 : 200
      response.writeHead(status, { 'content-type': 'application/json' })
      response.end(status === 201 ? undefined : JSON.stringify(answer))
    },
    (error: unknown) => {
      console.error(error)
      response.writeHead(500).end()
    },
  )
})
server.listen(listen)
process.on('SIGTERM', () => process.exit(0))
