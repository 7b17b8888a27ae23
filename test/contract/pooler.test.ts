/**
 * What we rely on in Debian's PgBouncer: names that are rules' own words, roles forced upon clients that log in by
 * SCRAM, a trial that finds what it would only warn of, and clients that wait while a server is woken.
 */
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectSecure } from 'node:tls'
import { promisify } from 'node:util'
import { nodeFiles } from '@cascata/control/adapters/files'
import { poolerConsole } from '@cascata/control/adapters/pooler-console'
import { waitUntilReady } from '@cascata/control/adapters/project-database'
import { scramVerifier } from '@cascata/control/adapters/scram'
import { openStandIn } from '@cascata/control/adapters/stand-in'
import { selfSigned } from '@cascata/control/edge/certificate'
import { POOLER_UID } from '@cascata/control/paths'
import { renderPooler } from '@cascata/control/pooler/render'
import { PoolerSite } from '@cascata/control/pooler/site'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testConfig } from '../harness/config.ts'
import { type TakenTools, takePgTools } from '../harness/pg-tools.ts'
import { docker, startPostgres, type TestPostgres } from '../harness/postgres.ts'

const run = promisify(execFile)
const WAKES = testConfig.size === 'full' ? 20 : 5

let shop: TestPostgres
let other: TestPostgres
let folder: string
let container: string
let address: string
let digest: string
let tools: TakenTools
let tls: Awaited<ReturnType<typeof selfSigned>>
const pooler = () => poolerConsole((port) => join(folder, 'run', `.s.PGSQL.${port}`))

beforeAll(async () => {
  ;[shop, other, tls] = await Promise.all([
    startPostgres({ image: `cascata-postgres:${testConfig.imageTag}` }),
    startPostgres({ image: `cascata-postgres:${testConfig.imageTag}` }),
    selfSigned(['localhost']),
  ])
  tools = await takePgTools(`cascata-postgres:${testConfig.imageTag}`)
  for (const each of [shop, other]) await admit(each)
  folder = await mkdtemp(join(tmpdir(), 'cascata-pooler-'))
  await chmod(folder, 0o755)
  await mkdir(join(folder, 'run'), { mode: 0o750 })
  await chown(join(folder, 'run'), POOLER_UID, POOLER_UID)
  digest = await write('candidate-1')
  await symlink('candidate-1', join(folder, 'current'))
  container = await docker(
    ...['run', '--detach', '--init', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'],
    ...['--tmpfs=/tmp:noexec', `--user=${POOLER_UID}:${POOLER_UID}`, '--label=dev.cascata.test=pooler'],
    ...[`--volume=${folder}:/etc/cascata:ro`, `--volume=${join(folder, 'run')}:/run/pooler`],
    ...[
      `--volume=${shop.socketDir}:/run/cascata/shop/db:ro`,
      `--volume=${other.socketDir}:/run/cascata/all/db:ro`,
    ],
    `cascata-pooler:${testConfig.imageTag}`,
  )
  address = await docker('inspect', '--format', '{{.NetworkSettings.IPAddress}}', container)
  expect(await pooler().waitFor(digest, 10_000)).toBe(true)
})

afterAll(async () => {
  if (container) await docker('rm', '--force', '--volumes', container)
  await Promise.all([shop?.stop(), other?.stop(), tools?.remove()])
  await rm(folder, { recursive: true, force: true })
})

/** As control does for a project that is opened. */
async function admit({ socketDir, uid }: TestPostgres): Promise<void> {
  await nodeFiles.setGroup(join(socketDir, '.s.PGSQL.5432'), POOLER_UID)
  await nodeFiles.ensureDirectory({ path: socketDir, uid, gid: POOLER_UID, mode: 0o2750 })
}

/** @returns the digest. */
async function write(name: string, change: Record<string, string> = {}, clientsMax = 50): Promise<string> {
  const entry = async (ref: string, { passwords }: TestPostgres) => ({
    ...{ ref, poolSize: 2, clientsMax, allowed: ['0.0.0.0/0'], password: passwords.postgres },
    verifier: await scramVerifier(passwords.postgres),
  })
  const entries = [await entry('shop', shop), await entry('all', other)]
  const rendered = renderPooler(PoolerSite.parse({ ...tls, entries }))
  await mkdir(join(folder, name), { recursive: true, mode: 0o755 })
  for (const [file, text] of Object.entries({ ...rendered.files, ...change })) {
    await writeFile(join(folder, name, file), text)
    await chown(join(folder, name, file), 0, POOLER_UID)
    await chmod(join(folder, name, file), 0o640)
  }
  return rendered.digest
}

type Login = { user: string; database: string; password: string; port?: number }

function clientOf({ port = 5432, ...rest }: Login, onclose: () => void = () => {}): postgres.Sql {
  const ssl = { ca: tls.certificate, checkServerIdentity: () => undefined }
  return postgres({ host: address, port, ...rest, max: 1, fetch_types: false, ssl, onclose })
}

async function within<Result>(login: Login, work: (sql: postgres.Sql) => Promise<Result>): Promise<Result> {
  const sql = clientOf(login)
  try {
    return await work(sql)
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** In psql's words: a driver may see no more than that the connection was closed. */
async function toldBy({ user, database, password }: Login): Promise<string> {
  const [program = '', ...argv] = tools.argv.psql
  const url = `postgresql://${user}:${password}@${address}:5432/${database}?sslmode=require`
  const ran = await run(program, [...argv, '--command', 'select 1', url]).catch(
    (error: { stderr: string }) => error,
  )
  return ran.stderr
}

const asShop = (port?: number): Login => ({
  ...{ user: 'postgres.shop', database: 'shop', password: shop.passwords.postgres },
  ...(port === undefined ? {} : { port }),
})
const asAll = (): Login => ({ user: 'postgres.all', database: 'all', password: other.passwords.postgres })
const ask = (login: Login) =>
  within(login, async (sql) => (await sql`select current_user::text as is`)[0]?.is)

describe('who is let in', () => {
  test.each([5432, 6543])(
    'a project’s user, on port %i, as the role that owns its database',
    async (port) => {
      expect(await ask(asShop(port))).toBe('postgres')
    },
  )

  test('each reaches its own server', async () => {
    const nameOf = (login: Login) =>
      within(
        login,
        async (sql) =>
          (
            await sql`select pg_backend_pid() as pid, system_identifier::text as id from pg_control_system()`.catch(
              () => [],
            )
          )[0]?.id,
      )
    const [one] = await shop.admin()`select system_identifier::text as id from pg_control_system()`
    expect([one?.id, undefined]).toContain(await nameOf(asShop()))
    await within(asShop(), (sql) => sql`create table of_shop (n int)`)
    await expect(within(asAll(), (sql) => sql`select * from of_shop`)).rejects.toThrow('does not exist')
  })

  test.each<[string, () => Login, RegExp]>([
    ['a wrong password', () => ({ ...asShop(), password: 'no' }), /SASL authentication failed/],
    [
      'the user of a project called "all", elsewhere',
      () => ({ ...asAll(), database: 'shop' }),
      /no authentication method/,
    ],
    [
      'a user, in the database called "all"',
      () => ({ ...asShop(), database: 'all' }),
      /no authentication method/,
    ],
    ['the role itself', () => ({ ...asShop(), user: 'postgres' }), /no authentication method/],
    [
      'the console',
      () => ({ user: 'root', database: 'pgbouncer', password: '' }),
      /no authentication method/,
    ],
    [
      'a database that is not there',
      () => ({ ...asShop(), database: 'postgres' }),
      /no authentication method/,
    ],
  ])('never %s', async (_what, login, words) => {
    await expect(ask(login())).rejects.toThrow(words)
  })

  test('never without TLS', async () => {
    const { port: _port, ...login } = asShop()
    const sql = postgres({ host: address, ...login, max: 1, ssl: false })
    await expect(sql`select 1`).rejects.toThrow('SSL required')
    await sql.end({ timeout: 1 })
  })
})

describe('a candidate', () => {
  const trial = (name: string) =>
    run('docker', ['exec', container, '/usr/local/lib/cascata/trial.sh', `/etc/cascata/${name}`])

  test('that is good passes its trial, beside those that serve', async () => {
    await write('candidate-2')
    await trial('candidate-2')
    expect(await pooler().digest()).toBe(digest)
  })

  test.each([
    ['a rule that is none', { 'hba.conf': 'hostssl "shop" "postgres.shop" 0.0.0.0/0/0 scram-sha-256\n' }],
    ['a database that is none', { 'databases.ini': '[databases]\nshop = nothing here\n' }],
    ['a certificate that is none', { 'tls.crt': 'no certificate\n' }],
    ['a setting that is none', { 'databases.ini': '[pgbouncer]\nno_such = 1\n' }],
  ])('with %s does not, and nothing it says is a password', async (_what, change) => {
    await write('candidate-3', change)
    const failed = await trial('candidate-3').then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    )
    expect(failed?.code).toBe(1)
    expect(failed?.stderr).not.toContain(shop.passwords.postgres)
  })

  test('is what both processes run on after the signal, without a client noticing', async () => {
    await within(asShop(), async (sql) => {
      await sql`create temp table kept (n int)`
      const next = await write('candidate-4', {}, 60)
      await nodeFiles.switchLink(join(folder, 'current'), 'candidate-4')
      await docker('kill', '--signal=HUP', container)
      expect(await pooler().waitFor(next, 5_000)).toBe(true)
      expect(await sql`select * from kept`).toEqual([])
    })
    expect(await ask(asShop())).toBe('postgres')
  })
})

describe('a server that does not run', () => {
  const wake = async () => {
    await docker('start', shop.container)
    await waitUntilReady(shop.socketDir, { timeoutMs: 20_000 })
  }

  test('is woken by the first client; all wait, on both ports, and none is refused', async () => {
    const took: number[] = []
    for (let round = 0; round < WAKES; round++) {
      await docker('stop', shop.container)
      let wakes = 0
      let started: Promise<void> | undefined
      const passed: string[] = []
      const standIn = await openStandIn({
        ...{ socketDir: shop.socketDir, refusal: null, passedOn: () => passed.push('on') },
        isFree: async () => true,
        wake: () => {
          started ??= wake().then(() => void wakes++)
          return started
        },
      })
      const from = performance.now()
      const asked = [asShop(), asShop(6543), asShop(), asShop(6543)].map((login) => ask(login))
      expect(await Promise.all(asked)).toEqual(Array(4).fill('postgres'))
      took.push(performance.now() - from)
      expect(wakes).toBe(1)
      expect(passed.length).toBeGreaterThan(0)
      standIn?.close()
      await pooler().reconnect('shop')
      expect(await ask(asShop())).toBe('postgres')
    }
    const sorted = took.toSorted((a, b) => a - b).map(Math.round)
    process.stderr.write(`wake by connect, container start included: ${sorted.join(', ')} ms\n`)
    expect(sorted.at(-1)).toBeLessThan(60_000)
  })

  test('says why it is not to be woken', async () => {
    await docker('stop', shop.container)
    const standIn = await openStandIn({
      ...{ socketDir: shop.socketDir, refusal: 'The project shop is paused: its database does not run.' },
      ...{ wake: async () => {}, isFree: async () => true, passedOn: () => {} },
    })
    expect(await toldBy(asShop())).toContain('FATAL:  The project shop is paused')
    standIn?.close()
    await wake()
    await expect.poll(() => ask(asShop()).catch(String), { timeout: 10_000 }).toBe('postgres')
  })
})

test('who is in a project is put out on both ports, nobody of another is, and the next one gets in', async () => {
  const out: string[] = []
  const logins = { session: asShop(), transaction: asShop(6543), other: asAll() }
  const clients = Object.entries(logins).map(([who, login]) => clientOf(login, () => void out.push(who)))
  for (const sql of clients) await sql`select 1`
  await pooler().expel('shop')
  await expect.poll(() => out.toSorted()).toEqual(['session', 'transaction'])
  expect([await ask(asShop()), await ask(asShop(6543))]).toEqual(['postgres', 'postgres'])
  expect(out).not.toContain('other')
  await Promise.all(clients.map((sql) => sql.end({ timeout: 1 })))
})

test('who is connected is known, and nobody who is not', async () => {
  await within(asAll(), async (sql) => {
    await sql`select 1`
    expect([...(await pooler().inUse())]).toContain('all')
  })
  await expect.poll(async () => [...(await pooler().inUse())]).toEqual([])
})

/** @returns once it is let in, and has said nothing of who it is: by plain TCP, or over TLS. */
async function stranger(isOverTls: boolean): Promise<Socket> {
  const socket = connect(5432, address).on('error', () => {})
  await once(socket, 'connect')
  if (!isOverTls) return socket
  // SSLRequest: its own length, and a number that stands for no version.
  socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]))
  await once(socket, 'data')
  const secure = connectSecure({ socket, rejectUnauthorized: false }).on('error', () => {})
  await once(secure, 'secureConnect')
  return socket
}

test.each([false, true])('strangers that say nothing keep nobody out (over TLS: %j)', async (isOverTls) => {
  const strangers: Socket[] = []
  try {
    for (let left = 900; left > 0; left -= 100)
      strangers.push(...(await Promise.all(Array.from({ length: 100 }, () => stranger(isOverTls)))))
    expect(await ask(asShop())).toBe('postgres')
    expect(strangers.filter(({ closed }) => closed)).toEqual([])
  } finally {
    for (const socket of strangers) socket.destroy()
  }
})

test('a password stands in no line of the log', async () => {
  const { stdout, stderr } = await run('docker', ['logs', container])
  for (const { passwords } of [shop, other]) expect(stdout + stderr).not.toContain(passwords.postgres)
})
