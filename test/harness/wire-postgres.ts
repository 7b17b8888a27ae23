/** A throw-away Postgres with roles, a table under row security and a password, for what tries the wire itself. */
import { execFile } from 'node:child_process'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { promisify } from 'node:util'
import postgres, { type Sql } from 'postgres'

const run = promisify(execFile)
const IMAGE = 'cascata-postgres:0.1.0'
/** Nobody's uid; the server runs as it, as a project's does. */
const UID = 269_991
const PASSWORD = 'a password, with = and ü'

const SCHEMA = `
  set search_path = public;
  create role wire_a nologin;
  create role wire_b nologin bypassrls;
  create role wire_login login noinherit password '${PASSWORD}';
  grant wire_a, wire_b to wire_login;
  create table notes (id int primary key, owner int not null, body text, n int default 0);
  insert into notes select i, i % 1000, repeat('x', 100) from generate_series(1, 20000) i;
  create index on notes (owner);
  alter table notes enable row level security;
  create policy own on notes using (owner = (select (current_setting('request.jwt.claims', true)::json->>'sub')::int));
  grant select, insert, update, delete on notes to wire_a, wire_b;
  create table once (k int primary key, at int references notes deferrable initially deferred);
  grant select, insert on once to wire_a, wire_b;
  grant create on schema public to wire_a;
  analyze notes;
`

export type WirePostgres = {
  socketDir: string
  login: { host: string; port: number; database: string; user: string; password: string }
  /** The superuser: elsewhere in the server, and in the database of the tests. */
  admin: Sql
  schema: Sql
  /** Docker's words for the container: `restart`, `kill`, `start`. */
  container(...verb: string[]): Promise<void>
  /** A command inside, with the socket's directory as place for its files. */
  exec(...argv: string[]): Promise<string>
  logs(): Promise<string>
  stop(): Promise<void>
}

/** The tests run as root: the server takes root on its socket for the superuser. */
export async function startWirePostgres(): Promise<WirePostgres> {
  const folder = await mkdtemp(join(tmpdir(), 'cascata-wire-'))
  await chmod(folder, 0o711)
  const socketDir = join(folder, 'sock')
  const dataDir = join(folder, 'db')
  for (const path of [socketDir, dataDir]) {
    await mkdir(path)
    await chown(path, UID, UID)
  }
  const { stdout } = await run('docker', [
    ...[
      'run',
      '--detach',
      '--init',
      '--network=none',
      `--user=${UID}:${UID}`,
      '--label=dev.cascata.test=wire',
    ],
    ...[`--volume=${dataDir}:/var/lib/postgresql`, `--volume=${socketDir}:/run/postgresql`, IMAGE],
  ])
  const id = stdout.trim()
  const connect = (database: string) =>
    postgres({
      path: join(socketDir, '.s.PGSQL.5432'),
      ...{ user: 'supabase_admin', database, max: 1, onnotice: () => {} },
    })
  const [admin, schema] = [connect('postgres'), connect('wire')]
  const stop = async () => {
    await Promise.all([admin.end({ timeout: 1 }), schema.end({ timeout: 1 })])
    await run('docker', ['rm', '--force', '--volumes', id])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await untilReady(admin)
    await admin.unsafe('create database wire template template0')
    await schema.unsafe(SCHEMA)
  } catch (error) {
    await stop()
    throw error
  }
  return {
    socketDir,
    login: { host: socketDir, port: 5432, database: 'wire', user: 'wire_login', password: PASSWORD },
    admin,
    schema,
    container: async (...verb) => {
      await run('docker', [...verb, id])
    },
    exec: async (...argv) => (await run('docker', ['exec', '--workdir=/run/postgresql', id, ...argv])).stdout,
    logs: async () => {
      const { stdout, stderr } = await run('docker', ['logs', id])
      return stdout + stderr
    },
    stop,
  }
}

async function untilReady(admin: Sql): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await admin`select 1`
      return
    } catch (error) {
      if (attempt > 150) throw error
      await pause(100)
    }
  }
}
