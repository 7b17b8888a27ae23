/** What we ask of the driver beyond its documentation: a database that goes away ends queries, never the process. */
import { connect } from 'node:net'
import { join } from 'node:path'
import { Duplex } from 'node:stream'
import postgres, { type ReservedSql, type Sql, type TransactionSql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../harness/postgres.ts'

let server: TestPostgres

beforeAll(async () => {
  server = await startPostgres()
})
afterAll(() => server?.stop())

/** One connection, and what resolves when it has been closed. */
function connected(): { sql: Sql; closed: Promise<void> } {
  const { promise: closed, resolve: onclose } = Promise.withResolvers<void>()
  const address = { host: server.socketDir, port: 5432, username: 'supabase_admin', database: 'postgres' }
  return { sql: postgres({ ...address, max: 1, onclose: () => onclose() }), closed }
}

async function endBackendOf(sql: TransactionSql | ReservedSql): Promise<void> {
  const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`
  await server.admin()`select pg_terminate_backend(${row?.pid ?? 0})`
}

test.each([
  ['short', 'select 1'],
  ['too long to wait for others', `select '${'x'.repeat(2_000)}'`],
])(
  'a statement, %s, of a transaction whose backend has gone is rejected, and the next one works',
  async (_, text) => {
    const { sql, closed } = connected()
    const inside = Promise.withResolvers<unknown>()
    const transaction = sql.begin(async (tx) => {
      await endBackendOf(tx)
      await closed
      await tx.unsafe(text).catch(inside.resolve)
    })
    await expect(transaction).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(await inside.promise).toMatchObject({ code: 'CONNECTION_CLOSED' })
    expect(await sql`select 1 as one`).toEqual([{ one: 1 }])
    await sql.end()
  },
)

test('each query on a reserved connection whose backend has gone is rejected', async () => {
  const { sql, closed } = connected()
  const reserved = await sql.reserve()
  await endBackendOf(reserved)
  await closed
  const failures = await Promise.allSettled([reserved`select 1`, reserved`select 2`])
  expect(failures.map((failure) => failure.status === 'rejected' && failure.reason.code)).toEqual([
    'CONNECTION_CLOSED',
    'CONNECTION_CLOSED',
  ])
  await sql.end()
})

/** As a socket, but that its close comes before anything else may run: among many that close at once, one does. */
class ClosesAtOnce extends Duplex {
  readonly #socket = connect(join(server.socketDir, '.s.PGSQL.5432'))

  constructor() {
    super()
    this.#socket.on('data', (bytes) => this.push(bytes))
    this.#socket.on('close', () => this.destroy())
  }

  /** The driver says goodbye to an open one alone. */
  get readyState(): string {
    return this.#socket.readyState
  }

  override _read(): void {}

  override _final(finished: () => void): void {
    this.#socket.end(finished)
  }

  override _write(bytes: Buffer, _encoding: string, written: (error?: Error | null) => void): void {
    this.#socket.write(bytes, written)
  }

  override _destroy(error: Error | null, destroyed: (error?: Error | null) => void): void {
    this.#socket.destroy()
    destroyed(error)
  }
}

test('a query that was to be written when its connection closed is rejected, and the next one connects anew', async () => {
  let socket: Duplex | undefined
  const open = () => {
    socket = new ClosesAtOnce()
    return socket
  }
  const options = {
    username: 'supabase_admin',
    database: 'postgres',
    max: 1,
    connect_timeout: 3,
    socket: open,
  }
  // The driver's types do not know of `socket`.
  const sql = postgres(options as postgres.Options<Record<string, never>>)
  await sql`select 1`
  const cut = sql`select 2`.execute()
  socket?.destroy()
  await expect(cut).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' })
  expect(await sql`select 3 as three`).toEqual([{ three: 3 }])
  await sql.end()
})
