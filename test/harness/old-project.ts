/** A project as Supabase keeps it, in a database of its own, and the dumps that people make of it: by the real pg_dump. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { testConfig } from './config.ts'
import { type TakenTools, takePgTools } from './pg-tools.ts'
import { startPostgres } from './postgres.ts'
import { output, run } from './run.ts'

export type OldProject = {
  tools: TakenTools
  /** Each writes a file of plain SQL, and says where. */
  dumps: Record<string, () => Promise<string>>
  /** What the old database holds, as one value. */
  ask(query: string): Promise<string>
  stop(): Promise<void>
}

const FIXTURE = join(import.meta.dirname, '../fixtures/old-project.sql')
/** What `supabase db dump` gives pg_dump, for the data as for the schema. */
const AS_SUPABASE = ['--quote-all-identifier', '--role=postgres']
const NO_MIGRATIONS = '--exclude-table=auth.schema_migrations'

export async function startOldProject(): Promise<OldProject> {
  const image = `cascata-postgres:${testConfig.imageTag}`
  const [pg, tools, folder] = await Promise.all([
    startPostgres({ image }),
    takePgTools(image),
    mkdtemp(join(tmpdir(), 'cascata-old-')),
  ])
  await pg.admin().unsafe('create database old owner postgres template template0')
  await pg
    .admin('old')
    .unsafe(await readFile(FIXTURE, 'utf8'))
    .simple()
  const call = ([program = '', ...argv]: string[], ...more: string[]) => output(program, [...argv, ...more])
  const login = ['--host', pg.socketDir, '--username', 'supabase_admin', '--dbname', 'old']
  const pgDump = (...more: string[]) => call(tools.argv.pg_dump, ...login, ...more)
  const kept = async (name: string, text: string) => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const bySupabase = async (name: string, ...rows: string[]) => {
    const schema = await pgDump('--schema-only', ...AS_SUPABASE, '--exclude-schema=auth|storage|extensions')
    const data = await pgDump('--data-only', ...AS_SUPABASE, NO_MIGRATIONS, ...rows)
    const replica = 'SET session_replication_role = replica;\n\n'
    return kept(name, `${schema}\nRESET ALL;\n${replica}${data}\nRESET ALL;\n`)
  }
  return {
    tools,
    dumps: {
      'a plain pg_dump of everything': async () => kept('plain.sql', await pgDump()),
      'a custom one of its schemas, by way of pg_restore': async () => {
        const file = join(folder, 'custom.dump')
        await pgDump('--schema=public', '--schema=auth', '--schema=app', '--format=custom', '--file', file)
        return kept('restored.sql', await call(tools.argv.pg_restore, '--file=-', file))
      },
      'the two of `supabase db dump`, rows as COPY': () => bySupabase('copied.sql'),
      'the two of `supabase db dump`, rows as INSERT': () =>
        bySupabase('inserted.sql', '--column-inserts', '--rows-per-insert=100000'),
    },
    ask: async (query) =>
      (await call(tools.argv.psql, ...login, '--tuples-only', '--no-align', '--command', query)).trim(),
    async stop() {
      await tools.remove()
      await pg.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** As the documentation says it: what was converted, into psql, all of it or nothing. */
export async function loadInto(tools: TakenTools, url: string, sql: string): Promise<void> {
  const [program = '', ...argv] = tools.argv.psql
  const options = ['--no-psqlrc', '--quiet', '--single-transaction', '--set=ON_ERROR_STOP=1']
  const ran = await run(program, [...argv, ...options, url], { stdin: Buffer.from(sql) })
  if (ran.code !== 0) throw new Error(`psql ended with ${ran.code}: ${ran.stderr}`)
}
