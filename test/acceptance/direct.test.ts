/** Postgres itself from outside, as psql, pg_dump and a stock driver find it: opened, kept to whom it is for, closed again. */
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { z } from 'zod'
import { apiFor } from '../harness/api.ts'
import { cliFor } from '../harness/cli.ts'
import { testConfig } from '../harness/config.ts'
import { containersOf } from '../harness/docker.ts'
import { eventually } from '../harness/eventually.ts'
import { type TakenTools, takePgTools } from '../harness/pg-tools.ts'
import { output, run } from '../harness/run.ts'

const instance = inject('instance')
const { name, home, profile, dbSessionPort, dbTransactionPort } = instance
const cli = cliFor(profile)
const api = apiFor(instance)
const CERTIFICATE = join(home, 'edge/certs/localhost.crt')
const WAKES = testConfig.size === 'full' ? 20 : 3
const SHORT_CONNECTIONS = testConfig.size === 'full' ? 1_000 : 200

const Url = z.object({ url: z.string() })
const Access = z.object({ password: z.string(), db_url: z.string(), pooler_url: z.string() })
type Access = z.infer<typeof Access>

let tools: TakenTools
const [one, two] = ['direct-one', 'direct-two']

beforeAll(async () => {
  tools = await takePgTools(`cascata-postgres:${testConfig.imageTag}`)
  for (const ref of [one, two]) await cli.run('projects', 'create', ref, '--ref', ref, '--wait')
})

afterAll(async () => {
  for (const ref of [one, two]) await cli.run('projects', 'delete', ref, '--yes', '--wait')
  await tools?.remove()
})

const expose = async (ref: string, ...argv: string[]): Promise<void> => {
  const { code, stderr } = await cli.run('db', 'expose', ref, ...argv, '--wait')
  expect([code, stderr]).toEqual([0, expect.anything()])
}

const accessOf = async (ref: string): Promise<Access> => {
  const { status, body } = await api.call('GET', `/v1/projects/${ref}/database`)
  expect(status).toBe(200)
  return Access.parse(body)
}

const pooler = async () => (await containersOf(name)).find(({ role }) => role === 'pooler')

/** By its URL, the server's certificate checked. */
const psql = (url: string, ...commands: string[]) => {
  const [program = '', ...argv] = tools.argv.psql
  const verified = url.replace('sslmode=require', `sslmode=verify-full&sslrootcert=${CERTIFICATE}`)
  const texts = commands.flatMap((command) => ['--command', command])
  return run(program, [...argv, '--no-psqlrc', '--tuples-only', '--no-align', ...texts, verified], {
    env: { PGCONNECT_TIMEOUT: '40' },
  })
}

async function ask(url: string, text = 'select current_user'): Promise<string> {
  const { code, stdout, stderr } = await psql(url, text)
  if (code !== 0) throw new Error(stderr)
  return stdout.toString().trim()
}

const refused = async (url: string): Promise<string> => {
  const { code, stderr } = await psql(url, 'select 1')
  expect(code).not.toBe(0)
  return stderr
}

const reaches = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })

describe('closed, as every project begins', () => {
  test('there is no pooler, no open port and no URL', async () => {
    expect(await pooler()).toBeUndefined()
    expect(await Promise.all([reaches(dbSessionPort), reaches(dbTransactionPort)])).toEqual([false, false])
    const { body } = await api.call('GET', `/v1/projects/${one}`)
    expect(body).toMatchObject({ db_url: null, pooler_url: null })
    const { code, stderr } = await cli.run('db', 'url', one)
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${one} is not reached from outside`)])
  })
})

describe('opened', () => {
  let first: Access
  let second: Access

  beforeAll(async () => {
    await expose(one, 'on')
    await expose(two, 'on')
    ;[first, second] = [await accessOf(one), await accessOf(two)]
  })

  test('the API and the CLI say where, and only who asks for it gets the password', async () => {
    const { url } = await cli.json(Url, 'db', 'url', one)
    expect(url).toBe(`postgresql://postgres.${one}@localhost:${dbSessionPort}/${one}?sslmode=require`)
    const { body, text } = await api.call('GET', `/v1/projects/${one}`)
    expect(body).toMatchObject({ db_url: url })
    expect(text).not.toContain(first.password)
    const pooled = await cli.json(Url, 'db', 'url', one, '--pooler', '--password')
    expect(pooled.url).toBe(first.pooler_url)
    expect(pooled.url).toContain(`:${first.password}@localhost:${dbTransactionPort}/`)
  })

  test('the pooler is hardened like all, and its files are its own', async () => {
    const [{ HostConfig, Config }] = JSON.parse(await output('docker', ['inspect', `${name}-pooler`])) as [
      { HostConfig: Record<string, unknown>; Config: { User: string; Env: string[] } },
    ]
    expect(HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      Privileged: false,
      Init: true,
    })
    expect(HostConfig.SecurityOpt).toContain('no-new-privileges')
    expect(Config.User).toBe('993:993')
    expect(JSON.stringify(Config)).not.toContain(first.password)
    const modes = await output('find', [join(home, 'pooler'), '-printf', '%m %u:%g %y\n'])
    const kinds = new Set(
      modes
        .trim()
        .split('\n')
        .filter((line) => !line.endsWith(' l')),
    )
    expect([...kinds].sort()).toEqual(['640 root:993 f', '750 root:993 d'])
  })

  test('psql connects by both URLs, the certificate checked, each project to its own server', async () => {
    for (const url of [first.db_url, first.pooler_url]) expect(await ask(url)).toBe('postgres')
    await ask(first.db_url, 'create table harbour (ship text)')
    await ask(first.db_url, "insert into harbour values ('ever given')")
    expect(await ask(first.pooler_url, 'table harbour')).toBe('ever given')
    await expect(ask(second.db_url, 'table harbour')).rejects.toThrow('does not exist')
  })

  test('pg_dump writes what is there', async () => {
    const [program = '', ...argv] = tools.argv.pg_dump
    const { code, stdout } = await run(program, [...argv, '--schema=public', first.db_url])
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/CREATE TABLE public\.harbour.*ever given/s)
  })

  test.each(['db_url', 'pooler_url'] as const)('a driver prepares statements through %s', async (which) => {
    const sql = postgres(first[which], { max: 3 })
    const rows = await Promise.all([1, 2, 3, 4, 5].map((n) => sql`select ${n}::int as n, ship from harbour`))
    expect(rows.flat()).toEqual([1, 2, 3, 4, 5].map((n) => ({ n, ship: 'ever given' })))
    const inOne = await sql.begin((tx) => tx`select pg_backend_pid() as pid, count(*)::int from harbour`)
    expect(inOne[0]?.count).toBe(1)
    await sql.end()
  })

  test('a session keeps what it sets, and hears what it listens to', async () => {
    const sql = postgres(first.db_url, { max: 1 })
    const heard = new Promise((resolve) => void sql.listen('quay', resolve))
    await eventually(10_000, async () => {
      await sql.notify('quay', 'moored')
      expect(await Promise.race([heard, undefined])).toBe('moored')
    })
    await sql.end()
  })

  test.each<[string, () => string, RegExp]>([
    ['a wrong password', () => first.db_url.replace(first.password, 'wrong'), /SASL authentication failed/],
    [
      'the other project’s database',
      () => first.db_url.replace(`/${one}?`, `/${two}?`),
      /no authentication method/,
    ],
    ['the other project’s password', () => first.db_url.replace(first.password, second.password), /SASL/],
    [
      'another role',
      () => first.db_url.replace(`postgres.${one}`, 'supabase_admin'),
      /no authentication method/,
    ],
    ['the pooler’s console', () => first.db_url.replace(`/${one}?`, '/pgbouncer?'), /not allowed/],
  ])('refuses %s', async (_what, url, words) => {
    expect(await refused(url())).toMatch(words)
  })

  test('refuses who will not use TLS', async () => {
    const { stderr } = await run(tools.argv.psql[0] ?? '', [
      ...tools.argv.psql.slice(1),
      ...['--command', 'select 1', first.db_url.replace('sslmode=require', 'sslmode=disable')],
    ])
    expect(stderr).toContain('SSL required')
  })

  test('many short connections, one after the other, leave no more than the pool behind', async () => {
    const times: number[] = []
    for (let left = SHORT_CONNECTIONS; left > 0; left--) {
      const from = performance.now()
      const sql = postgres(first.pooler_url, { max: 1, fetch_types: false })
      await sql`select 1`
      await sql.end()
      times.push(performance.now() - from)
    }
    const servers = Number(
      await ask(first.db_url, "select count(*) from pg_stat_activity where usename = 'postgres'"),
    )
    expect(servers).toBeLessThanOrEqual(20)
    const sorted = times.toSorted((a, b) => a - b)
    const at = (share: number) => sorted[Math.floor(sorted.length * share)]?.toFixed(1)
    process.stderr.write(`${times.length} short connections: p50 ${at(0.5)} ms, p99 ${at(0.99)} ms\n`)
  })

  test('one project’s clients take no place of another’s', async () => {
    const settings = `/v1/projects/${one}/settings`
    const etag = (await api.call('GET', settings)).headers.get('etag') ?? ''
    const { status } = await api.call('PATCH', settings, {
      body: { direct: { clientsMax: 2, poolSize: 1 } },
      headers: { 'if-match': etag },
    })
    expect(status).toBe(202)
    const sql = postgres(first.pooler_url, { max: 2 })
    await eventually(15_000, async () => {
      await Promise.all([sql`select 1`, sql`select 2`])
      expect(await refused(first.pooler_url)).toMatch(/client connections exceeded/)
    })
    expect(await ask(second.pooler_url)).toBe('postgres')
    await sql.end()
    await expose(one, 'on')
  })

  test('who is not on the list is refused, and who is gets in', async () => {
    await expose(one, 'on', '--allow', '203.0.113.0/24', '--allow', '2001:db8::/32')
    expect(await refused(first.db_url)).toMatch(/no authentication method/)
    expect(await ask(second.db_url)).toBe('postgres')
    await expose(one, 'on', '--allow', '127.0.0.1')
    expect(await ask(first.db_url)).toBe('postgres')
    const { code, stderr } = await cli.run('db', 'expose', one, 'on', '--allow', '0.0.0.0/0 trust')
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringContaining('allowedAddresses')])
    expect(code).not.toBe(0)
  })

  test('a new password ends what began with the old one on both ports, and nothing of the other project', async () => {
    const roomy = await cli.run('projects', 'settings', one, '--set', 'direct.poolSize=10', '--wait')
    expect([roomy.code, roomy.stderr]).toEqual([0, expect.anything()])
    const ended: string[] = []
    const open = (['db_url', 'pooler_url'] as const).map((which) =>
      postgres(first[which], { max: 1, onclose: () => void ended.push(which) }),
    )
    const [busy, others] = [postgres(first.pooler_url, { max: 1 }), postgres(second.db_url, { max: 1 })]
    const [before] = await others`select pg_backend_pid() as pid`
    for (const sql of open) await sql`select 1`
    const cut = busy`select pg_sleep(120)`.then(String, String)
    await eventually(10_000, async () =>
      expect(
        await ask(first.db_url, "select count(*) from pg_stat_activity where query ~ '^select pg_sleep'"),
      ).toBe('1'),
    )

    expect((await cli.run('db', 'rotate-password', one, '--wait')).code).toBe(0)

    await eventually(5_000, async () => expect(ended.toSorted()).toEqual(['db_url', 'pooler_url']))
    expect(await cut).toMatch(/terminat|closed|CONNECTION/i)
    for (const sql of open) await expect(sql`select 1`).rejects.toThrow(/SASL authentication failed/)
    expect(await others`select pg_backend_pid() as pid`).toEqual([before])
    for (const sql of [...open, busy, others]) await sql.end({ timeout: 1 })
  })

  test('a new password is in force at once, and the old one no longer', async () => {
    const now = await accessOf(one)
    expect(now.password).not.toBe(first.password)
    expect([await ask(now.db_url), await ask(now.pooler_url)]).toEqual(['postgres', 'postgres'])
    for (const url of [first.db_url, first.pooler_url])
      expect(await refused(url)).toMatch(/SASL authentication failed/)
    first = now
  })

  test('who connects while the server is down waits until it is there again', async () => {
    await output('docker', ['kill', `${name}-${two}-db`])
    expect(await Promise.all([ask(second.db_url), ask(second.pooler_url)])).toEqual(['postgres', 'postgres'])
  })

  test('a project that sleeps is woken by whoever connects, on either port, and nobody is refused', async () => {
    const took: number[] = []
    await eventually(30_000, async () =>
      expect(await api.call('GET', `/v1/projects/${two}`)).toMatchObject({ body: { status: 'running' } }),
    )
    for (let round = 0; round < WAKES; round++) {
      await cli.json(z.object({ status: z.literal('asleep') }), 'projects', 'sleep', two, '--wait')
      const from = performance.now()
      const asked = [second.db_url, second.pooler_url, second.db_url].map((url) => ask(url))
      expect(await Promise.all(asked)).toEqual(['postgres', 'postgres', 'postgres'])
      took.push(Math.round(performance.now() - from))
    }
    process.stderr.write(`woken by three clients: ${took.toSorted((a, b) => a - b).join(', ')} ms\n`)
    expect(await api.call('GET', `/v1/projects/${two}`)).toMatchObject({ body: { asleep_since: null } })
  })

  test('a project that is paused says so, and answers when it is resumed', async () => {
    await cli.run('projects', 'pause', two, '--wait')
    await eventually(10_000, async () => expect(await refused(second.db_url)).toContain(`${two} is paused`))
    await cli.run('projects', 'resume', two, '--wait')
    // What the pooler was told last it says once more.
    await eventually(10_000, async () => expect(await ask(second.db_url)).toBe('postgres'))
  })

  test('a pooler that was removed comes back', async () => {
    await output('docker', ['rm', '--force', `${name}-pooler`])
    await eventually(20_000, async () => expect(await ask(first.db_url)).toBe('postgres'))
  })

  test('no password stands in a log', async () => {
    for (const container of ['pooler', 'control', `${one}-db`]) {
      const { stdout, stderr } = await run('docker', ['logs', `${name}-${container}`])
      for (const { password } of [first, second]) expect(stdout + stderr).not.toContain(password)
    }
  })
})

describe('closed again', () => {
  test('sessions end, nobody gets in, and the other project’s go on', async () => {
    const [first, second] = [await accessOf(one), await accessOf(two)]
    const [open, others] = [postgres(first.db_url, { max: 1 }), postgres(second.db_url, { max: 1 })]
    const [before] = await others`select pg_backend_pid() as pid`
    await open`select 1`
    await expose(one, 'off')
    await expect(open`select 1`).rejects.toThrow(/./)
    expect(await refused(first.db_url)).toMatch(/no authentication method/)
    expect(await others`select pg_backend_pid() as pid`).toEqual([before])
    await Promise.all([open.end({ timeout: 1 }), others.end()])
  })

  test('with the last one the pooler goes, its ports and every file with a password', async () => {
    await expose(two, 'off')
    await eventually(10_000, async () => expect(await pooler()).toBeUndefined())
    expect(await Promise.all([reaches(dbSessionPort), reaches(dbTransactionPort)])).toEqual([false, false])
    expect(await readdir(join(home, 'pooler'))).toEqual([])
    expect(existsSync(CERTIFICATE)).toBe(true)
    const kept = await output('stat', ['--format=%a %u:%g', join(home, 'run', two, 'db')])
    expect(kept.trim()).toMatch(/^750 (\d{6}):\1$/)
    expect(await readFile(CERTIFICATE, 'utf8')).toContain('BEGIN CERTIFICATE')
  })
})
