/** Keeps the instance's own redis and database running, with their directories and the tenants' network. */
import type { Directory, Files } from '../../adapters/files.ts'
import type { Container, ContainerSpec, Engine } from '../../engine/engine.ts'
import { egressNetwork, metaSpec, redisSpec, type Site } from '../../engine/spec.ts'
import { COUNTERS_GID, EDGE_UID, META_UID, type Paths, REDIS_UID } from '../../paths.ts'
import { movesTo } from '../containers.ts'
import { writeUsers } from '../counters/task.ts'
import { type Login, renderUsers } from '../counters/users.ts'
import type { Effects } from '../effects.ts'
import { runInOrder } from '../steps.ts'
import type { Pass, Task } from '../task.ts'

export type SystemStep = { id: string; after: readonly string[] } & (
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: 'redis.admit'; text: string }
  | { do: `${'meta' | 'redis'}.create`; spec: ContainerSpec }
  | { do: `${'meta' | 'redis'}.${'start' | 'stop' | 'remove'}`; name: string }
)

export type SystemDeps = {
  engine: Engine
  files: Files
  effects: Effects
  site: Site
  /** Who control is in Redis. */
  control: Login
}

export type SystemSeen = {
  containers: readonly Container[]
  unsound: readonly Directory[]
  /** Redis has a list of whom to let in: without one it does not start. */
  hasUsers: boolean
}

export function planSystem(
  { site, control }: Pick<SystemDeps, 'site' | 'control'>,
  seen: SystemSeen,
): SystemStep[] {
  const steps: SystemStep[] = []
  if (seen.unsound.length > 0) {
    steps.push({ do: 'directories.ensure', directories: seen.unsound, id: 'directories', after: [] })
  }
  // Control alone at first. Who the projects are is known once their database is there.
  if (!seen.hasUsers) {
    const { text } = renderUsers(control, [])
    steps.push({ do: 'redis.admit', text, id: 'redis.admit', after: ['directories'] })
  }
  const parts = [
    { role: 'meta' as const, spec: metaSpec(site) },
    { role: 'redis' as const, spec: redisSpec(site) },
  ]
  for (const { role, spec } of parts) {
    const moves = movesTo(
      spec,
      seen.containers.find(({ name }) => name === spec.name),
    )
    moves.forEach((move, at) => {
      const previous = moves[at - 1]
      const users = role === 'redis' ? ['redis.admit'] : []
      const after = ['directories', ...users, ...(previous ? [`${role}.${previous}`] : [])]
      const order = { id: `${role}.${move}`, after }
      if (move === 'create') steps.push({ do: `${role}.create`, spec, ...order })
      else steps.push({ do: `${role}.${move}`, name: spec.name, ...order })
    })
  }
  return steps
}

export const systemTask = ({ engine, files, effects, site, control }: SystemDeps): Task => ({
  name: 'system',
  everyMs: 10_000,
  async run(signal): Promise<Pass> {
    const [containers, unsound, hasUsers] = await Promise.all([
      engine.list(),
      files.unsound(systemDirectories(site.paths)),
      files.exists(site.paths.redisUsers),
      engine.ensureEgressNetwork(egressNetwork(site)),
    ])
    const steps = planSystem({ site, control }, { containers, unsound, hasUsers })
    const { done, failed } = await runInOrder(steps, async (step) => {
      signal.throwIfAborted()
      await effects.run(`_system.${step.do}`, () => applySystemStep({ engine, files, site }, step))
    })
    return {
      applied: done.map((step) => step.id),
      failed: failed.map(({ step, error }) => ({ what: step.id, error })),
      ...(failed.length > 0 ? { againInMs: 1_000 } : {}),
    }
  },
})

type World = Pick<SystemDeps, 'engine' | 'files' | 'site'>

async function applySystemStep({ engine, files, site }: World, step: SystemStep) {
  switch (step.do) {
    case 'redis.admit':
      return writeUsers(files, site.paths.redisUsers, step.text)
    case 'directories.ensure':
      for (const directory of step.directories) await files.ensureDirectory(directory)
      return
    case 'meta.create':
    case 'redis.create':
      return engine.create(step.spec)
    case 'meta.start':
    case 'redis.start':
      return engine.start(step.name)
    case 'meta.stop':
    case 'redis.stop':
      return engine.stop(step.name)
    case 'meta.remove':
    case 'redis.remove':
      return engine.remove(step.name)
  }
}

/** Parents before children. */
export function systemDirectories(paths: Paths): Directory[] {
  const root = (path: string, mode: number): Directory => ({ path, uid: 0, gid: 0, mode })
  const own = (path: string, uid: number, mode: number): Directory => ({ path, uid, gid: uid, mode })
  return [
    root(paths.home, 0o755),
    root(paths.control, 0o700),
    root(paths.run, 0o755),
    root(paths.projects, 0o711),
    root(paths.backups, 0o700),
    root(paths.imports, 0o700),
    root(paths.system, 0o711),
    own(paths.metaFiles, META_UID, 0o700),
    own(paths.redisFiles, REDIS_UID, 0o700),
    root(paths.metaRun, 0o751),
    own(paths.metaSocketDir, META_UID, 0o750),
    { path: paths.redisUsersDir, uid: 0, gid: REDIS_UID, mode: 0o750 },
    // setgid: Redis' socket belongs to the group that counts, which may connect to it.
    { path: paths.redisRun, uid: REDIS_UID, gid: COUNTERS_GID, mode: 0o2750 },
    root(paths.controlRun, 0o751),
    // setgid: control's socket belongs to the edge's group, which may connect to it.
    { path: paths.controlHttp, uid: 0, gid: EDGE_UID, mode: 0o2750 },
  ]
}
