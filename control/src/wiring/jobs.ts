/** The jobs over the real world. */
import { join } from 'node:path'
import { nodeFiles } from '../adapters/files.ts'
import { askAsAuthenticator, readFacts, reloadSchema } from '../adapters/project-facts.ts'
import { newSecrets, openSecrets, sealSecrets } from '../adapters/project-secrets.ts'
import { isReady, restStatus, waitUntilReady } from '../adapters/readiness.ts'
import { snapshots } from '../adapters/snapshots.ts'
import { tenantDatabase } from '../adapters/tenant-database.ts'
import { openInput } from '../app/sealed-input.ts'
import type { InstanceKeys } from '../archive/keys.ts'
import type { JobDeps } from '../jobs/deps.ts'
import { type Jobs, startJobs } from '../jobs/queue.ts'
import { runOperation } from '../jobs/run.ts'
import type { UpgradeWorld } from '../jobs/upgrade/world.ts'
import { controlLogin } from '../reconcile/counters/users.ts'
import type { Store } from '../store/open.ts'
import type { Parts } from './parts.ts'

type Given = { store: Store; keys: InstanceKeys } & Pick<JobDeps, 'kick' | 'hold' | 'wake'>

export function startInstanceJobs(parts: Parts, { store, keys, kick, hold, wake }: Given): Promise<Jobs> {
  const { config, paths, clock, effects, seal, log } = parts
  const program = (name: string) => [config.pgBin === undefined ? name : join(config.pgBin, name)]
  const deps: JobDeps = {
    store,
    openInput: (operation) => openInput(seal, operation),
    secrets: {
      fresh: (ref) => newSecrets(ref, Math.floor(clock.now() / 1_000)),
      seal: (ref, secrets) => sealSecrets(seal, ref, secrets),
      open: (project) => openSecrets(seal, project),
    },
    paths,
    effects,
    keys,
    tools: { dump: program('pg_dump'), restore: program('pg_restore') },
    origin: { cascata: config.version, instance: config.instance },
    upgrade: upgradeWorld(parts),
    clock,
    ...{ kick, hold, wake },
  }
  const onFailure = (operation: { id: string; kind: string; ref: string }, err: unknown) =>
    log.warn(
      { operation: operation.id, kind: operation.kind, project: operation.ref, err },
      'operation failed',
    )
  return startJobs({
    redis: { path: paths.redisSocket, ...controlLogin(seal) },
    store,
    run: (id, signal) => runOperation(id, { deps, signal, onFailure }),
    onError: (err) => log.error({ err }, 'jobs'),
  })
}

export const upgradeWorld = ({
  site,
  engine,
  templates,
}: Pick<Parts, 'site' | 'engine' | 'templates'>): UpgradeWorld => ({
  site,
  engine,
  files: nodeFiles,
  snapshots,
  database: tenantDatabase(templates, engine),
  readiness: { isReady, waitUntilReady },
  inspect: { facts: readFacts, asAuthenticator: askAsAuthenticator, reloadSchema, rest: restStatus },
})
