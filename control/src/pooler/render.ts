/**
 * Writes PgBouncer's whole configuration from the model, for two processes and for the trial of both. Pure. Never
 * patched: what is not in the model is not in the text.
 *
 * The text names its own digest as a startup parameter that is ignored: so a process can be asked what it runs on.
 */
import { createHash } from 'node:crypto'
import { poolerUser } from '@cascata/shared/contract/direct'
import { POOLER_PORTS } from '../paths.ts'
import { CONSOLE, type PoolerEntry, type PoolerSite } from './site.ts'

export type RenderedPooler = { files: Readonly<Record<string, string>>; digest: string }

/** Control's own name on the console: it is root, and the kernel vouches for that. */
export const CONSOLE_USER = 'root'
export const DIGEST_PREFIX = 'cascata_'
export const TRIAL_INI = 'trial.ini'
export const USERS_FILE = 'users.txt'

/**
 * Beyond the clients that are let in: those that have yet to say who they are, and have 15 s for it. Anybody can be one
 * of them, so there is room for many: over TLS one takes 32 kB (measured), the two processes' together half of the
 * container's memory.
 */
const SPARE_CLIENTS = 2_048

export function renderPooler(site: PoolerSite): RenderedPooler {
  const digest = createHash('sha256')
    .update(JSON.stringify(filesOf(site, '')))
    .digest('hex')
    .slice(0, 32)
  return { files: filesOf(site, digest), digest }
}

type Process = {
  directory: string
  sockets: string
  listen: string
  port: number
  mode: 'session' | 'transaction'
}

const LIVE = { directory: '/etc/cascata/current/', sockets: '/run/pooler', listen: '0.0.0.0' } as const
/** Beside the live ones, from a candidate's own directory, and reached by nobody. */
const TRIAL: Process = { directory: '', sockets: '/tmp/trial', listen: '', port: 6000, mode: 'session' }

function filesOf(site: PoolerSite, digest: string): Record<string, string> {
  const entries = site.entries.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))
  const clientsMax = entries.reduce((sum, entry) => sum + entry.clientsMax, SPARE_CLIENTS)
  const main = (process: Process) => processText(process, { digest, clientsMax })
  return {
    'session.ini': main({ ...LIVE, port: POOLER_PORTS.session, mode: 'session' }),
    'transaction.ini': main({ ...LIVE, port: POOLER_PORTS.transaction, mode: 'transaction' }),
    [TRIAL_INI]: main(TRIAL),
    'databases.ini': `[databases]\n${lines(entries.map(database))}`,
    'hba.conf': lines([CONSOLE_RULE, ...entries.flatMap(rules)]),
    [USERS_FILE]: lines([`"${CONSOLE_USER}" ""`, ...entries.map(user)]),
    'tls.crt': site.certificate,
    'tls.key': site.key,
  }
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('')

const processText = (
  { directory, sockets, listen, port, mode }: Process,
  { digest, clientsMax }: { digest: string; clientsMax: number },
) => `;; Made by Cascata from its projects: written anew at each change.
%include ${directory}databases.ini

[pgbouncer]
listen_addr = ${listen}
listen_port = ${port}
unix_socket_dir = ${sockets}
unix_socket_mode = 0700
pool_mode = ${mode}
ignore_startup_parameters = extra_float_digits, ${DIGEST_PREFIX}${digest}

auth_type = hba
auth_hba_file = ${directory}hba.conf
auth_file = ${directory}${USERS_FILE}
admin_users = ${CONSOLE_USER}
client_tls_sslmode = require
client_tls_cert_file = ${directory}tls.crt
client_tls_key_file = ${directory}tls.key
; Asked for even where no client shows a certificate.
client_tls_ca_file = ${directory}tls.crt
server_tls_sslmode = disable

max_client_conn = ${clientsMax}
; Also of who waits for the first server of a project that is being woken: not to be shorter than that takes.
client_login_timeout = 15
; A server that is being started is waited for; a client waits no longer than its own patience.
server_connect_timeout = 30
server_login_retry = 0.25
query_wait_timeout = 30
server_idle_timeout = 60

logfile =
pidfile =
log_connections = 1
log_disconnections = 0
log_stats = 0
`

const SOCKETS = '/run/cascata'

const database = ({ ref, password, poolSize, clientsMax }: PoolerEntry): string =>
  [
    `${ref} = host=${SOCKETS}/${ref}/db port=5432 dbname=postgres user=postgres password=${password}`,
    `pool_size=${poolSize} max_db_connections=${poolSize} max_db_client_connections=${clientsMax}`,
  ].join(' ')

const CONSOLE_RULE = `local "${CONSOLE}" "${CONSOLE_USER}" peer`

/** Nobody else is let in anywhere: what no line names is refused. */
const rules = ({ ref, allowed }: PoolerEntry): string[] =>
  allowed.map((range) => `hostssl "${ref}" "${poolerUser(ref)}" ${range} scram-sha-256`)

const user = ({ ref, verifier }: PoolerEntry): string => `"${poolerUser(ref)}" "${verifier}"`

const USER_LINE = /^"([^"]+)" "([^"]+)"$/gm
const verifiersIn = (users: string) =>
  new Map([...users.matchAll(USER_LINE)].map(([, name = '', is]) => [name, is]))

/** Of two lists of users: those who are in both, and have another password now. By ref. */
export function refsWithNewPassword(before: string, after: string): string[] {
  const old = verifiersIn(before)
  const changed = [...verifiersIn(after)].filter(([name, is]) => old.has(name) && old.get(name) !== is)
  return changed.map(([name]) => name.slice(poolerUser('').length))
}

export const hasUser = (users: string, ref: string): boolean => verifiersIn(users).has(poolerUser(ref))
