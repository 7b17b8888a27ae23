/** Where everything of an instance lives under `CASCATA_HOME`. The same paths hold inside and outside of control's container. */
import { join } from 'node:path'

export type Paths = ReturnType<typeof pathsOf>

export function pathsOf(home: string) {
  const at = (...parts: string[]) => join(home, ...parts)
  return {
    home,
    masterKey: at('control', 'master.key'),
    control: at('control'),
    controlRun: at('run', '_control'),
    controlSocket: at('run', '_control', 'http', '1.sock'),
    activatorSocket: at('run', '_control', 'http', 'activator.sock'),
    controlHttp: at('run', '_control', 'http'),
    redisSocket: at('run', '_redis', 'redis.sock'),
    redisRun: at('run', '_redis'),
    system: at('system'),
    redisFiles: at('system', 'redis'),
    /** Whom Redis lets in: control writes it, Redis reads it. */
    redisUsers: at('system', 'redis-users', 'users.acl'),
    redisUsersDir: at('system', 'redis-users'),
    metaRun: at('run', '_meta'),
    metaSocketDir: at('run', '_meta', 'db'),
    metaFiles: at('system', 'meta'),
    edge: at('edge'),
    edgeCertificates: at('edge', 'certs'),
    edgeChallenges: at('edge', 'challenges'),
    /** There while nginx has not read certificates that were written anew. */
    edgeUnread: at('edge', 'unread'),
    pooler: at('pooler'),
    poolerRun: at('run', '_pooler'),
    /** By the port it listens on. */
    poolerSocket: (port: number) => at('run', '_pooler', `.s.PGSQL.${port}`),
    edgeRun: at('run', '_edge'),
    edgeProbe: at('run', '_edge', 'probe.sock'),
    run: at('run'),
    projects: at('projects'),
    backups: at('backups'),
    imports: at('imports'),
    project: (ref: string) => ({
      run: at('run', ref),
      document: at('run', ref, 'project.json'),
      http: at('run', ref, 'http'),
      socket: (slot: number) => at('run', ref, 'http', `${slot}.sock`),
      dbSocketDir: at('run', ref, 'db'),
      dbSocket: at('run', ref, 'db', '.s.PGSQL.5432'),
      files: at('projects', ref),
      dbFiles: at('projects', ref, 'db'),
      /** What the upgrade that is this operation keeps for as long as it may have to be undone. */
      undo: (operation: string) => at('projects', ref, `undo-${operation}`),
      walFiles: at('projects', ref, 'db', 'data', 'pg_wal'),
    }),
  }
}

/** Users of the system's containers; a project's come from its row. */
export const EDGE_UID = 990
export const REDIS_UID = 991
export const META_UID = 992
export const POOLER_UID = 993

/** Whoever is in it reaches Redis' socket: Redis itself and the runtimes, nobody else. */
export const COUNTERS_GID = 994

/** Where the pooler listens inside of its container; its consoles' sockets are named by them. */
export const POOLER_PORTS = { session: 5432, transaction: 6543 } as const
