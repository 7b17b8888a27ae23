/**
 * What there really is of an instance, looked at past control: rows in meta, containers, files, databases in each
 * project's cluster, what nginx is told. And in words, what of it should not be so.
 */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connectAdmin } from '@cascata/control/adapters/project-database'
import postgres, { type Sql } from 'postgres'
import { z } from 'zod'
import { type ControlApi, controlApi } from './control-api.ts'
import { containersOf, type Seen } from './docker.ts'
import type { Instance } from './instance.ts'

type Row = {
  ref: string
  desired: 'running' | 'paused' | 'deleted'
  importing: string | null
  asleep: boolean
  /** Its Postgres is open to the outside. */
  open: boolean
  settled: boolean
  due: boolean
  problem: string | null
}
export type OperationFacts = { id: string; kind: string; ref: string; status: string; problem: string | null }
export type TableFacts = { name: string; rows: number; digest: string }

const SYSTEM_ROLES = ['control', 'edge', 'meta', 'redis']
/** What a write leaves when it is cut: none may stay. */
const HALF_DONE = /\.(?:partial|part|tmp)$/

export class CrashWorld {
  readonly instance: Instance
  readonly api: ControlApi
  readonly #meta: Sql

  private constructor(instance: Instance, api: ControlApi) {
    this.instance = instance
    this.api = api
    this.#meta = postgres({
      path: join(instance.home, 'run/_meta/db/.s.PGSQL.5432'),
      ...{ user: 'supabase_admin', database: 'cascata', max: 2, onnotice: () => {} },
      // It is killed in some tests, and looked for again at once.
      backoff: () => 0.1,
    })
  }

  static async of(instance: Instance): Promise<CrashWorld> {
    return new CrashWorld(instance, await controlApi(instance))
  }

  close(): Promise<void> {
    return this.#meta.end({ timeout: 1 })
  }

  async operationsOf(ref: string): Promise<OperationFacts[]> {
    return this.#meta<OperationFacts[]>`select id, kind, ref, status, problem->>'code' as problem
      from public.operations where ref = ${ref} order by created_at`
  }

  async auditedFor(ref: string): Promise<string[]> {
    const rows = await this.#meta<{ action: string }[]>`
      select action from public.audit where target = ${ref} order by seq`
    return rows.map(({ action }) => action)
  }

  /** What a week does: its files are due to go. */
  async expire(ref: string): Promise<void> {
    await this
      .#meta`update public.projects set purge_after = now() where ref = ${ref} and desired = 'deleted'`
  }

  /** Every table of `public` with a digest of its rows, whatever their order. */
  async tablesOf(ref: string): Promise<TableFacts[]> {
    return this.#inProject(ref, async (sql) => {
      const names = await sql<{ name: string }[]>`select relname::text as name from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'r' order by 1`
      const facts: TableFacts[] = []
      for (const { name } of names) {
        const [found] = await sql<{ rows: number; digest: string }[]>`
          select count(*)::int as rows, md5(coalesce(string_agg(t::text, ';' order by t::text), '')) as digest
          from ${sql(`public.${name}`)} as t`
        if (found) facts.push({ name, ...found })
      }
      return facts
    })
  }

  async databasesOf(ref: string): Promise<string[]> {
    return this.#inProject(ref, async (sql) => {
      const rows = await sql<{ name: string }[]>`select datname::text as name from pg_database order by 1`
      return rows.map(({ name }) => name)
    })
  }

  /** Nothing, when all is as the rows say, no operation is open, and nothing else is there. */
  async wrongs(): Promise<string[]> {
    const [rows, operations] = await Promise.all([
      this.#meta<
        Row[]
      >`select ref, desired, importing::text, asleep_since is not null as asleep, last_problem->>'code' as problem,
        desired <> 'deleted' and coalesce((settings->'direct'->>'enabled')::boolean, false) as open,
        observed_generation = generation as settled, coalesce(purge_after < now(), false) as due from public.projects`,
      this.#meta<OperationFacts[]>`select kind, ref, status from public.operations
        where status in ('pending', 'running')`,
    ])
    const open = operations.map(({ kind, ref, status }) => `${kind} of ${ref} is ${status}`)
    const stirring = [...open, ...rows.flatMap(rowWrongs)]
    // While it stirs, a look at the rest is only in its way.
    if (stirring.length > 0) return stirring
    return [
      ...containerWrongs(rows, await containersOf(this.instance.name)),
      ...(await this.#fileWrongs(rows)),
      ...(await this.#edgeWrongs(rows)),
      ...(await this.#auditWrongs()),
    ]
  }

  async #inProject<Result>(ref: string, work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const sql = connectAdmin(join(this.instance.home, 'run', ref, 'db'))
    try {
      return await work(sql)
    } finally {
      await sql.end({ timeout: 1 })
    }
  }

  async #fileWrongs(rows: readonly Row[]): Promise<string[]> {
    const { home } = this.instance
    const refs = rows.map(({ ref }) => ref)
    const list = (...parts: string[]) => readdir(join(home, ...parts)).catch(() => [])
    const nobodys = (place: string, names: readonly string[], known: readonly string[]) =>
      names.filter((name) => !known.includes(name)).map((name) => `${place}/${name} is nobody's`)
    const [run, projects, within, imports, edge, pooler, own, backups, ready] = await Promise.all([
      list('run'),
      list('projects'),
      Promise.all(refs.map(async (ref) => (await list('projects', ref)).map((name) => `${ref}/${name}`))),
      list('imports'),
      list('edge'),
      list('pooler'),
      Promise.all(
        refs.map(async (ref) => {
          const names = [...(await list('run', ref)), ...(await list('run', ref, 'http'))]
          return names.map((name) => `${ref}/${name}`)
        }),
      ),
      readdir(join(home, 'backups'), { recursive: true, withFileTypes: true }),
      this.#meta<{ name: string }[]>`select id || '.caf' as name from public.backups where status = 'ready'`,
    ])
    const files = backups.filter((each) => each.isFile()).map(({ name }) => name)
    const candidates = edge.filter((name) => name.startsWith('candidate-'))
    return [
      ...nobodys('run', run, [...refs, '_control', '_edge', '_meta', '_pooler', '_redis']),
      ...nobodys('projects', projects, refs),
      ...nobodys(
        'projects',
        within.flat(),
        refs.map((ref) => `${ref}/db`),
      ),
      ...nobodys('imports', imports, []),
      ...nobodys(
        'backups',
        files,
        ready.map(({ name }) => name),
      ),
      ...[...own.flat(), ...edge, ...pooler, ...files]
        .filter((name) => HALF_DONE.test(name))
        .map((name) => `${name} is half done`),
      ...(pooler.length > (rows.some(({ open }) => open) ? 3 : 0) ? [`the pooler has ${pooler.join()}`] : []),
      ...(candidates.length > 2 ? [`${candidates.length} configurations of the edge`] : []),
    ]
  }

  async #edgeWrongs(rows: readonly Row[]): Promise<string[]> {
    const text = await readFile(join(this.instance.home, 'edge/current/nginx.conf'), 'utf8')
    const served = [...text.matchAll(/server_name ([a-z0-9-]+)\.localhost;/g)]
      .map(([, ref = '']) => ref)
      .sort()
    const wanted = rows
      .filter(({ desired }) => desired !== 'deleted')
      .map(({ ref }) => ref)
      .sort()
    return served.join() === wanted.join()
      ? []
      : [`the edge knows ${served.join()} instead of ${wanted.join()}`]
  }

  async #auditWrongs(): Promise<string[]> {
    const { intact } = await this.api.get(z.object({ intact: z.boolean() }), '/v1/audit/verify')
    return intact ? [] : ['the audit chain is broken']
  }
}

const rowWrongs = ({ ref, importing, settled, due, problem }: Row): string[] => [
  ...(due ? [`${ref} is due to go`] : []),
  ...(settled ? [] : [`${ref} is not settled`]),
  ...(importing === null ? [] : [`${ref} is being imported`]),
  ...(problem === null ? [] : [`${ref} has the problem ${problem}`]),
]

/** Exactly one of each that should be there, in the state it should have, and no other. */
function containerWrongs(rows: readonly Row[], containers: readonly Seen[]): string[] {
  const wanted = rows
    .filter(({ desired }) => desired !== 'deleted')
    .flatMap(({ ref, desired, asleep }) =>
      ['db', 'runtime'].map(
        (role) => `${ref} ${role} ${desired === 'running' && !asleep ? 'running' : 'exited'}`,
      ),
    )
  const system = [...SYSTEM_ROLES, ...(rows.some(({ open }) => open) ? ['pooler'] : [])]
  const all = [...system.map((role) => `_system ${role} running`), ...wanted].sort()
  const found = containers.map(({ project, role, state }) => `${project} ${role} ${state}`).sort()
  return [
    ...all.filter((each) => !found.includes(each)).map((each) => `${each}: there is none`),
    ...found
      .filter((each, at) => !all.includes(each) || found[at - 1] === each)
      .map((each) => `${each}: too many`),
  ]
}
