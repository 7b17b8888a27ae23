/**
 * A project's Postgres as the archive needs it: a session and the client programs, both over its unix socket, as the
 * cluster's owner. The kernel vouches for us there (peer), so no password is in any argument or environment.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Readable, Writable } from 'node:stream'
import { CLUSTER_OWNER } from '@cascata/shared/caf/base-roles'
import postgres from 'postgres'

/** How `pg_dump` and `pg_restore` are called: in control's image by their names. */
export type PgTools = { dump: readonly string[]; restore: readonly string[] }

export type Cluster = {
  /** Directory of `.s.PGSQL.5432`. */
  socketDir: string
  tools: PgTools
}

const DEFAULTS = {
  search_path: 'pg_catalog, pg_temp',
  role: 'none',
  session_replication_role: 'origin',
  default_transaction_read_only: false,
  row_security: true,
  statement_timeout: 0,
  lock_timeout: 0,
  transaction_timeout: 0,
  idle_in_transaction_session_timeout: 0,
  idle_session_timeout: 0,
} as const

/** The same for the programs. `more` comes last and wins. */
const programOptions = (more: Record<string, string>): string =>
  Object.entries({ ...DEFAULTS, ...more })
    .filter(([name]) => name !== 'search_path')
    .map(([name, value]) => `-c ${name}=${value}`)
    .join(' ')

export function connect({ socketDir }: Cluster, database: string): postgres.Sql {
  return postgres({
    host: socketDir,
    port: 5432,
    username: CLUSTER_OWNER,
    database,
    max: 1,
    prepare: false,
    connect_timeout: 10,
    onnotice: () => {},
    // The owner of a database may set defaults for all who come to it: what matters is said here and wins.
    connection: { application_name: 'cascata-archive', ...DEFAULTS },
  })
}

/** Where a program finds the cluster. The rest of its command line stays the caller's. */
export const connectionArguments = ({ socketDir }: Cluster): string[] => [
  `--host=${socketDir}`,
  '--port=5432',
  `--username=${CLUSTER_OWNER}`,
  '--no-password',
]

export type Program = {
  stdin: Writable
  stdout: Readable
  /** Resolves when it has ended well, else rejects with the first lines it complained with. */
  ended: Promise<void>
  kill(): void
}

const COMPLAINT_BYTES = 4000

/** Runs a program without a shell and with next to no environment: ours holds nothing it needs. */
export function run(
  argv: readonly string[],
  more: readonly string[],
  settings: Record<string, string> = {},
): Program {
  const [command = '', ...first] = argv
  const child: ChildProcessByStdio<Writable, Readable, Readable> = spawn(command, [...first, ...more], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      LC_ALL: 'C.UTF-8',
      PGOPTIONS: programOptions(settings),
    },
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, COMPLAINT_BYTES)
  })
  // Node throws away what nobody listens for when a program ends; a small dump has ended before it is read.
  child.stdout.on('readable', () => {})
  // A program that ends early closes its input: what that means is in its exit code, not in EPIPE.
  child.stdin.on('error', () => {})
  const ended = (async () => {
    const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child.stderr, 'close')])
    if (code !== 0) throw new Error(complaint.trim() || `ended with ${code ?? signal}`)
  })()
  // Awaited in its turn; until then a failure is nobody's surprise.
  ended.catch(() => {})
  const kill = () => {
    child.kill('SIGKILL')
    child.stdout.destroy()
  }
  return { stdin: child.stdin, stdout: child.stdout, ended, kill }
}
