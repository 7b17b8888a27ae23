/** Keeps the instance's own redis and database running, with their directories and the tenants' network. */
import type { Directory, Files } from '../../adapters/files.ts'
import type { Container, ContainerSpec, Engine } from '../../engine/engine.ts'
import { egressNetwork, metaSpec, redisSpec, type Site } from '../../engine/spec.ts'
import { EDGE_UID, META_UID, type Paths, REDIS_UID } from '../../paths.ts'
import { movesTo } from '../containers.ts'
import type { Effects } from '../effects.ts'
import { runInOrder } from '../steps.ts'
import type { Pass, Task } from '../task.ts'

export type SystemStep = { id: string; after: readonly string[] } & (
  | { do: 'directories.ensure'; directories: readonly Directory[] }
  | { do: `${'meta' | 'redis'}.create`; spec: ContainerSpec }
  | { do: `${'meta' | 'redis'}.${'start' | 'stop' | 'remove'}`; name: string }
)

export type SystemDeps = { engine: Engine; files: Files; effects: Effects; site: Site }

export function planSystem(
  site: Site,
  seen: { containers: readonly Container[]; unsound: readonly Directory[] },
): SystemStep[] {
  const steps: SystemStep[] = []
  if (seen.unsound.length > 0) {
    steps.push({ do: 'directories.ensure', directories: seen.unsound, id: 'directories', after: [] })
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
      const after = ['directories', ...(previous ? [`${role}.${previous}`] : [])]
      const order = { id: `${role}.${move}`, after }
      if (move === 'create') steps.push({ do: `${role}.create`, spec, ...order })
      else steps.push({ do: `${role}.${move}`, name: spec.name, ...order })
    })
  }
  return steps
}

export const systemTask = ({ engine, files, effects, site }: SystemDeps): Task => ({
  name: 'system',
  everyMs: 10_000,
  async run(signal): Promise<Pass> {
    const [containers, unsound] = await Promise.all([
      engine.list(),
      files.unsound(systemDirectories(site.paths)),
      engine.ensureEgressNetwork(egressNetwork(site)),
    ])
    const { done, failed } = await runInOrder(planSystem(site, { containers, unsound }), async (step) => {
      signal.throwIfAborted()
      await effects.run(`_system.${step.do}`, () => applySystemStep({ engine, files }, step))
    })
    return {
      applied: done.map((step) => step.id),
      failed: failed.map(({ step, error }) => ({ what: step.id, error })),
      ...(failed.length > 0 ? { againInMs: 1_000 } : {}),
    }
  },
})

async function applySystemStep({ engine, files }: Pick<SystemDeps, 'engine' | 'files'>, step: SystemStep) {
  switch (step.do) {
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
    own(paths.redisRun, REDIS_UID, 0o750),
    root(paths.controlRun, 0o751),
    // setgid: control's socket belongs to the edge's group, which may connect to it.
    { path: paths.controlHttp, uid: 0, gid: EDGE_UID, mode: 0o2750 },
  ]
}
