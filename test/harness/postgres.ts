/** One throw-away Postgres of the real image, reached through its socket as control reaches a project's. */
import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmod, chown, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { connectAdmin, connectAs, waitUntilReady } from '@cascata/control/adapters/project-database'
import { SqlSession } from '@cascata/control/adapters/sql-session'
import { bootstrap, type RolePasswords } from '@cascata/control/adapters/tenant-bootstrap'
import { sourceFolder, templatesAt } from '@cascata/templates'
import type { Sql } from 'postgres'

const run = promisify(execFile)
export const docker = async (...argv: string[]): Promise<string> => (await run('docker', argv)).stdout.trim()

/** Roles that a test may come in as. */
export type LoginRole = 'authenticator' | 'postgres'

export type TestPostgres = {
  container: string
  socketDir: string
  /** Mounted at /var/lib/postgresql. */
  dataDir: string
  uid: number
  passwords: RolePasswords
  /** The connection as the superuser, one per database; ended by `stop`. */
  /** As the superuser; one pool for each database. */
  admin(database?: string): Sql
  /** A new pool: one whose sessions were ended behind its back may wait for ever. */
  fresh(): Sql
  /** A fresh connection as that role; ended by `stop`. */
  as(role: LoginRole, database?: string): Sql
  /** A session for a person's SQL; closed by `stop`. */
  session(role: LoginRole, database?: string): Promise<SqlSession>
  stop(): Promise<void>
}

/** Hardened like a project's database, under a uid that nobody has. The tests run as root, as control does. */
export async function startPostgres(
  options: { image?: string; settings?: readonly string[] } = {},
): Promise<TestPostgres> {
  const { image = 'cascata-postgres:0.1.0', settings = [] } = options
  const uid = 260_000 + randomBytes(2).readUInt16BE()
  const folder = await mkdtemp(join(tmpdir(), 'cascata-pg-'))
  await chmod(folder, 0o711)
  const [dataDir, socketDir] = [join(folder, 'db'), join(folder, 'sock')]
  for (const path of [dataDir, socketDir]) {
    await mkdir(path, { mode: 0o750 })
    await chown(path, uid, uid)
  }
  const container = await docker(
    ...[
      'run',
      '--detach',
      '--init',
      '--read-only',
      '--network=none',
      '--cap-drop=ALL',
      `--user=${uid}:${uid}`,
    ],
    ...['--security-opt=no-new-privileges', '--memory=512m', '--pids-limit=256', '--tmpfs=/tmp'],
    ...['--label=dev.cascata.test=postgres', `--volume=${dataDir}:/var/lib/postgresql`],
    ...[`--volume=${socketDir}:/run/postgresql`, image, 'postgres', ...settings.flatMap((s) => ['-c', s])],
  )
  const opened: { end(options: { timeout: number }): Promise<unknown> }[] = []
  const keep = <T extends (typeof opened)[number]>(connection: T): T => {
    opened.push(connection)
    return connection
  }
  const stop = async () => {
    await Promise.all(opened.map((connection) => connection.end({ timeout: 1 }).catch(() => undefined)))
    await docker('rm', '--force', '--volumes', container)
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await waitUntilReady(socketDir, { timeoutMs: 30_000 })
    const admins = new Map<string, Sql>()
    const admin = (database = 'postgres') => {
      const known = admins.get(database) ?? keep(connectAdmin(socketDir, { database }))
      admins.set(database, known)
      return known
    }
    const passwords = { supabase_admin: newPassword(), authenticator: newPassword(), postgres: newPassword() }
    const migrations = await templatesAt(sourceFolder).tenantMigrations()
    await bootstrap(admin(), { migrations, passwords })
    return {
      ...{ container, socketDir, dataDir, uid, passwords, admin, stop },
      fresh: () => keep(connectAdmin(socketDir)),
      as: (role, database = 'postgres') =>
        keep(connectAs(socketDir, { user: role, password: passwords[role], database })),
      session: async (role, database = 'postgres') => {
        const login = { user: role, password: passwords[role], database }
        const session = await SqlSession.open(socketDir, login)
        opened.push({ end: () => session.close() })
        return session
      },
    }
  } catch (error) {
    const logs = await run('docker', ['logs', container]).catch(() => ({ stderr: '' }))
    await stop()
    throw new Error(`the test's Postgres did not come up:\n${logs.stderr}`, { cause: error })
  }
}

const newPassword = () => randomBytes(24).toString('base64url')
