/**
 * What each kind of container is made of. Pure: the same project and instance give the same spec, and `specHash`
 * of it is the label by which drift is seen.
 */
import { createHash } from 'node:crypto'
import type { ProjectLimits } from '@cascata/shared/contract/projects'
import { tellingApart } from '../bind.ts'
import {
  COUNTERS_GID,
  EDGE_UID,
  META_UID,
  type Paths,
  POOLER_PORTS,
  POOLER_UID,
  REDIS_UID,
} from '../paths.ts'
import { connectionSettings } from './connections.ts'
import type { ContainerSpec, Mount } from './engine.ts'

const MiB = 1024 * 1024

export const SYSTEM = '_system'

/**
 * Where processors are short, beside the 1024 of a project's container: no project may keep the instance from its work,
 * least of all the edge, which all requests pass.
 */
const SYSTEM_SHARES = 2_048
const EDGE_SHARES = 8_192

export type Site = {
  instance: string
  imageTag: string
  paths: Paths
  /** Of the machine, at which it is reached. */
  bind: readonly string[]
  httpPort: number
  httpsPort: number
  /** The edge speaks HTTP/3, too. */
  http3?: boolean
  dbSessionPort: number
  dbTransactionPort: number
}

export type ProjectShape = {
  ref: string
  uid: number
  limits: ProjectLimits
  /** Another number is another spec, so its runtimes are made anew. */
  restarts: number
  /** The same of its database. */
  dbRestarts: number
  /** Release of its images; the instance's when null. */
  imageTag: string | null
}

export const egressNetwork = (site: Pick<Site, 'instance'>) => `${site.instance}-egress`
export const edgeNetwork = (site: Pick<Site, 'instance'>) => `${site.instance}-edge`
export const poolerNetwork = (site: Pick<Site, 'instance'>) => `${site.instance}-pooler`

export const dbName = (site: Pick<Site, 'instance'>, ref: string) => `${site.instance}-${ref}-db`
export const runtimeName = (site: Pick<Site, 'instance'>, ref: string, slot: number) =>
  `${site.instance}-${ref}-runtime-${slot}`
type SystemRole = 'redis' | 'meta' | 'edge' | 'pooler' | 'control'
export const systemName = (site: Pick<Site, 'instance'>, role: SystemRole) => `${site.instance}-${role}`

/** The number at the end of a runtime's name, which is also that of its socket. */
export function slotOf(name: string): number | undefined {
  const match = /-runtime-([1-9][0-9]?)$/.exec(name)
  return match ? Number(match[1]) : undefined
}

const bind = (source: string, target: string, readOnly = false): Mount => ({
  kind: 'bind',
  source,
  target,
  readOnly,
})
const scratch: Mount = { kind: 'tmpfs', target: '/tmp', bytes: 64 * MiB }
export const tagOf = (site: Pick<Site, 'imageTag'>, { imageTag }: Pick<ProjectShape, 'imageTag'>): string =>
  imageTag ?? site.imageTag
export const imageName = (name: string, tag: string) => `cascata-${name}:${tag}`
const image = (site: Site, name: string) => imageName(name, site.imageTag)

const limitsOf = (limits: ProjectLimits['db']) => ({
  memoryBytes: limits.memory_mb * MiB,
  cpus: limits.cpus,
  pids: limits.pids,
})

/** Memory settings that fit the container; all else is in the image's own configuration. */
export function postgresCommand(
  memoryBytes: number,
  further: Readonly<Record<string, string>> = {},
): string[] {
  const mib = Math.floor(memoryBytes / MiB)
  const settings = {
    // An eighth: the rest of the container's memory caches files just as well, and is given back when unused.
    shared_buffers: `${Math.max(16, Math.min(Math.floor(mib / 8), 8192))}MB`,
    effective_cache_size: `${Math.floor((mib * 3) / 4)}MB`,
    maintenance_work_mem: `${Math.max(8, Math.floor(mib / 16))}MB`,
    work_mem: `${Math.max(1, Math.floor(mib / 128))}MB`,
    ...further,
  }
  return ['postgres', ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
}

function postgres(
  tag: string,
  own: Pick<ContainerSpec, 'name' | 'project' | 'role' | 'uid' | 'env'> & {
    files: string
    sockets: string
    limits: ContainerSpec['limits']
    settings?: Readonly<Record<string, string>>
  },
): ContainerSpec {
  return {
    name: own.name,
    project: own.project,
    role: own.role,
    image: imageName('postgres', tag),
    command: postgresCommand(own.limits.memoryBytes, own.settings),
    env: own.env,
    uid: own.uid,
    gid: own.uid,
    mounts: [bind(own.files, '/var/lib/postgresql'), bind(own.sockets, '/run/postgresql'), scratch],
    network: 'none',
    // Parallel queries share memory through /dev/shm, and it is charged to the container.
    limits: { ...own.limits, shmBytes: Math.max(64 * MiB, Math.floor(own.limits.memoryBytes / 4)) },
    // Fast shutdown: an open session would make SIGTERM wait until the kill (and then recovery).
    stopSignal: 'SIGINT',
    stopTimeoutS: 30,
  }
}

export function dbSpec(site: Site, project: ProjectShape): ContainerSpec {
  const paths = site.paths.project(project.ref)
  return postgres(tagOf(site, project), {
    name: dbName(site, project.ref),
    project: project.ref,
    role: 'db',
    uid: project.uid,
    env: { CASCATA_RESTARTS: String(project.dbRestarts) },
    files: paths.dbFiles,
    sockets: paths.dbSocketDir,
    limits: limitsOf(project.limits.db),
    settings: connectionSettings,
  })
}

/** Where a runtime finds the socket of Redis, in a folder with nothing else in it. */
const COUNTERS_DIR = '/run/counters'
export const COUNTERS_SOCKET = `${COUNTERS_DIR}/redis.sock`

export function runtimeSpec(site: Site, project: ProjectShape, slot: number): ContainerSpec {
  const paths = site.paths.project(project.ref)
  return {
    name: runtimeName(site, project.ref, slot),
    project: project.ref,
    role: 'runtime',
    image: imageName('runtime', tagOf(site, project)),
    env: {
      CASCATA_PROJECT_FILE: '/run/cascata/project.json',
      CASCATA_SOCKET: `/run/cascata/http/${slot}.sock`,
      CASCATA_RESTARTS: String(project.restarts),
    },
    uid: project.uid,
    gid: project.uid,
    // The folder, not the socket: each Redis makes another one.
    groups: [COUNTERS_GID],
    mounts: [
      bind(paths.run, '/run/cascata', true),
      bind(paths.http, '/run/cascata/http'),
      bind(site.paths.redisRun, COUNTERS_DIR, true),
      scratch,
    ],
    network: { bridge: egressNetwork(site) },
    limits: limitsOf(project.limits.runtime),
    stopSignal: 'SIGTERM',
    stopTimeoutS: 30,
  }
}

export function metaSpec(site: Site): ContainerSpec {
  return postgres(site.imageTag, {
    name: systemName(site, 'meta'),
    project: SYSTEM,
    role: 'meta',
    uid: META_UID,
    env: {},
    files: site.paths.metaFiles,
    sockets: site.paths.metaSocketDir,
    limits: { memoryBytes: 256 * MiB, cpus: 1, pids: 128, cpuShares: SYSTEM_SHARES },
  })
}

export function redisSpec(site: Site): ContainerSpec {
  return {
    name: systemName(site, 'redis'),
    project: SYSTEM,
    role: 'redis',
    image: image(site, 'redis'),
    // Without the file it does not start: nobody is let in who is not in it.
    command: ['redis-server', '/etc/cascata/redis.conf', '--aclfile', '/etc/redis-users/users.acl'],
    env: {},
    uid: REDIS_UID,
    gid: REDIS_UID,
    mounts: [
      bind(site.paths.redisFiles, '/data'),
      bind(site.paths.redisUsersDir, '/etc/redis-users', true),
      bind(site.paths.redisRun, '/run/redis'),
      scratch,
    ],
    network: 'none',
    limits: { memoryBytes: 192 * MiB, cpus: 1, pids: 32, cpuShares: SYSTEM_SHARES },
    stopSignal: 'SIGTERM',
    stopTimeoutS: 15,
  }
}

type Publish = NonNullable<ContainerSpec['publish']>[number]

const publishAt = (addresses: readonly string[], of: Omit<Publish, 'hostIp'>): Publish[] =>
  addresses.map((hostIp) => ({ hostIp, ...of }))

export function edgeSpec(site: Site): ContainerSpec {
  const { bind: at, httpPort, httpsPort } = site
  return {
    name: systemName(site, 'edge'),
    project: SYSTEM,
    role: 'edge',
    image: image(site, 'edge'),
    env: {},
    uid: EDGE_UID,
    gid: EDGE_UID,
    mounts: [
      bind(site.paths.run, '/run/cascata', true),
      bind(site.paths.edge, '/etc/cascata', true),
      bind(site.paths.edgeRun, '/run/edge'),
      scratch,
    ],
    network: { bridge: edgeNetwork(site) },
    publish: [
      ...publishAt(at, { hostPort: httpPort, port: 8080 }),
      ...publishAt(at, { hostPort: httpsPort, port: 8443 }),
      ...(site.http3 ? publishAt(at, { hostPort: httpsPort, port: 8443, protocol: 'udp' }) : []),
    ],
    // Workers of reloads that came one after the other: each leaves two until their connections have ended. An answer
    // that is compressed for a slow client takes 400 kB.
    limits: { memoryBytes: 320 * MiB, cpus: 2, pids: 256, cpuShares: EDGE_SHARES },
    // Graceful for nginx: requests under way end.
    stopSignal: 'SIGQUIT',
    stopTimeoutS: 15,
  }
}

export function poolerSpec(site: Site): ContainerSpec {
  // A list with the machine itself in it would let in all the world by IPv6.
  const at = tellingApart(site.bind)
  return {
    name: systemName(site, 'pooler'),
    project: SYSTEM,
    role: 'pooler',
    image: image(site, 'pooler'),
    env: {},
    uid: POOLER_UID,
    gid: POOLER_UID,
    mounts: [
      bind(site.paths.run, '/run/cascata', true),
      bind(site.paths.pooler, '/etc/cascata', true),
      bind(site.paths.poolerRun, '/run/pooler'),
      scratch,
    ],
    network: { bridge: poolerNetwork(site) },
    publish: [
      ...publishAt(at, { hostPort: site.dbSessionPort, port: POOLER_PORTS.session }),
      ...publishAt(at, { hostPort: site.dbTransactionPort, port: POOLER_PORTS.transaction }),
    ],
    limits: { memoryBytes: 256 * MiB, cpus: 1, pids: 32, cpuShares: SYSTEM_SHARES },
    // At once: a session that is idle would else be waited for.
    stopSignal: 'SIGQUIT',
    stopTimeoutS: 10,
  }
}

/** Of what makes a container, in a fixed order of keys: a field left out and one set to undefined are the same. */
export function specHash(spec: ContainerSpec): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(spec)))
    .digest('hex')
    .slice(0, 32)
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]),
  )
}
