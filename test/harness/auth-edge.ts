/** A project of the instance under test, through its edge: one for all suites, set anew by each through the control API. */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startSmtp } from '@cascata/runtime/auth/mail/smtp-harness'
import { z } from 'zod'
import { type Api, apiFor } from './api.ts'
import { type AuthPlace, mailboxOf, type Row, USUAL, wireTo } from './auth-place.ts'
import { cliFor } from './cli.ts'
import { projectContainers } from './docker.ts'
import { eventually } from './eventually.ts'
import type { Instance } from './instance.ts'
import { localFetch } from './local-fetch.ts'
import { type Relay, relayInto } from './relay.ts'
import { run } from './run.ts'
import { answerOn } from './socket-status.ts'
import { STEP_MS } from './totp.ts'

const REF = 'auth-suites'

const Document = z.object({
  url: z.string(),
  jwtSecret: z.string(),
  keys: z.object({ anon: z.string(), serviceRole: z.string() }),
})
const SqlAnswer = z.object({
  results: z.array(z.object({ columns: z.array(z.string()), rows: z.array(z.array(z.unknown())) })),
})

export async function openAuthEdge(instance: Instance, given: object): Promise<AuthPlace> {
  const api = apiFor(instance)
  await ensureProject(instance, api)
  const text = await readFile(join(instance.home, 'run', REF, 'project.json'), 'utf8')
  const document = Document.parse(JSON.parse(text))
  const keys = { anon: document.keys.anon, service: document.keys.serviceRole }
  const fetch = localFetch(instance.httpPort) as typeof globalThis.fetch
  const [smtp, relays] = [await startSmtp(), [] as Relay[]]
  const runtimes = async () =>
    (await projectContainers(instance.name, REF)).filter(({ role }) => role === 'runtime')
  const reach = async (port: number) => {
    for (const { name } of await runtimes()) relays.push(await relayInto(name, port))
  }
  await reach(smtp.settings.port)
  const base = {
    ...USUAL,
    smtp: { ...smtp.settings, host: '127.0.0.1', senderEmail: 'auth@app.test' },
    // All suites come from one address, and no clock of theirs moves it on.
    rateLimits: { ...USUAL.rateLimits, trustedClientAddress: false },
    lockout: { enabled: false },
    ...given,
  }
  const settings = settingsOf(instance, api)
  await settings.clear()
  await settings.replace(base)
  const sql = (query: string) => runSql(api, query)
  return {
    ...wireTo({ url: document.url, keys, fetch }),
    ...mailboxOf(smtp.received),
    ...{ secret: document.jwtSecret, reach, now: () => Date.now() },
    set: (auth) => settings.replace({ ...base, ...auth }),
    later: async (ms) => void (await sql(agedBy(ms))),
    rows: (parts, ...values) => sql(String.raw({ raw: parts }, ...values.map(literal))),
    run: async (statements) => void (await sql(statements)),
    async logged() {
      const logs = await Promise.all((await runtimes()).map(({ name }) => run('docker', ['logs', name])))
      return logs.map(({ stdout, stderr }) => `${stdout}${stderr}`).join('\n')
    },
    async stop() {
      for (const relay of relays) await relay.stop()
      await smtp.close()
    },
  }
}

async function ensureProject({ profile }: Instance, api: Api): Promise<void> {
  const { status } = await api.call('GET', `/v1/projects/${REF}`)
  if (status === 200) return
  await cliFor(profile).json(z.unknown(), 'projects', 'create', REF, '--ref', REF, '--wait')
}

type Tree = Record<string, unknown>
const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The merge patch that makes one of the other. */
const patchTo = (before: unknown, after: unknown): unknown => {
  if (!isTree(before) || !isTree(after)) return after
  const gone = Object.keys(before).filter((name) => !Object.hasOwn(after, name))
  return {
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...Object.fromEntries(Object.entries(after).map(([name, value]) => [name, patchTo(before[name], value)])),
  }
}

function settingsOf({ home }: Instance, api: Api) {
  const path = `/v1/projects/${REF}/auth/config`
  let current: Tree = {}
  const patch = async (body: unknown) => {
    const { status, text } = await api.call('PATCH', path, { body })
    if (status !== 202) throw new Error(`settings refused with ${status}: ${text}`)
    const { body: project } = await api.call('GET', `/v1/projects/${REF}`)
    await eventually(20_000, () => assertServed(home, Number(project.generation)))
  }
  return {
    async clear() {
      const { body } = await api.call('GET', path)
      await patch(Object.fromEntries(Object.keys(body).map((name) => [name, null])))
      current = {}
    },
    async replace(next: Tree) {
      await patch(patchTo(current, next))
      current = next
    },
  }
}

/** The runtimes have read what control wrote. */
async function assertServed(home: string, generation: number): Promise<void> {
  const folder = join(home, 'run', REF, 'http')
  const sockets = (await readdir(folder)).filter((name) => name.endsWith('.sock'))
  if (sockets.length === 0) throw new Error('no runtime listens')
  for (const socket of sockets) {
    const answer = await answerOn(join(folder, socket), '/health/ready')
    const is = answer ? (JSON.parse(answer.text) as { generation?: number }).generation : undefined
    if (is === undefined || is < generation) throw new Error(`${socket} serves ${is}, not ${generation} yet`)
  }
}

async function runSql(api: Api, query: string): Promise<Row[]> {
  const { status, body, text } = await api.call('POST', `/v1/projects/${REF}/sql`, { body: { query } })
  if (status !== 200) throw new Error(`SQL refused with ${status}: ${text}`)
  const last = SqlAnswer.parse(body).results.at(-1)
  if (!last) return []
  return last.rows.map((row) => Object.fromEntries(last.columns.map((name, at) => [name, row[at]])))
}

const literal = (value: string): string => `'${value.replaceAll("'", "''")}'`

/** The service's clock stands where it is: everything that has a time becomes older instead. */
const agedBy = (ms: number): string => `
  do $aged$
  declare entry record;
  begin
    for entry in
      select t.relname as name,
        string_agg(format('%1$I = %1$I - interval ''${ms} ms''', a.attname), ', ') as changes
      from pg_class t join pg_attribute a on a.attrelid = t.oid
      where t.relnamespace = 'auth'::regnamespace and t.relkind = 'r' and has_table_privilege(t.oid, 'update')
        and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype)
      group by t.relname
    loop
      execute format('update auth.%I set %s', entry.name, entry.changes);
    end loop;
    update auth.mfa_factors set last_totp_step = last_totp_step - ${Math.ceil(ms / STEP_MS)};
  end $aged$`
