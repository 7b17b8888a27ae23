/** What the use cases need of the world, given by the engine, the tenants' databases and the configuration. */
import type { ProjectReplicas } from '@cascata/shared/contract/replicas'
import { describeProjectApi } from '../adapters/project-api.ts'
import { askProjectAuth } from '../adapters/project-auth.ts'
import { openSecrets } from '../adapters/project-secrets.ts'
import { isReady } from '../adapters/readiness.ts'
import { sqlRunner } from '../adapters/sql-runner.ts'
import { assertNotInHand } from '../app/awake.ts'
import type { AppDeps } from '../app/ports.ts'
import type { InstanceKeys } from '../archive/keys.ts'
import { verifyArchive } from '../archive/verify.ts'
import { dbName, SYSTEM, slotOf } from '../engine/spec.ts'
import { readySlots } from '../reconcile/projects/observe.ts'
import { countOf, replicaSettingsOf } from '../reconcile/projects/replicas.ts'
import type { Store } from '../store/open.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import type { Parts } from './parts.ts'

type Given = { store: Store; keys: InstanceKeys } & Pick<
  AppDeps,
  'kick' | 'hold' | 'wake' | 'domainsChanged' | 'kickCertificates'
>

export async function appPorts(parts: Parts, { store, keys, ...given }: Given): Promise<AppDeps> {
  const { config, urls, seal, clock, paths, templates, effects, pairs } = parts
  const secretsOf = async (ref: string) => openSecrets(seal, await store.projects.get(ref))
  return {
    store,
    seal,
    clock,
    instance: {
      version: config.version,
      imageTag: config.imageTag,
      domain: config.domain,
      home: config.home,
      ...urls,
      addresses: parts.place.known,
      diskOf: parts.usages.of,
    },
    templates: new Set(await templates.starterNames()),
    sql: sqlRunner({
      secretsOf,
      socketDirOf: (ref) => paths.project(ref).dbSocketDir,
      assertNotInHand: async (ref) => assertNotInHand(store, await store.projects.get(ref)),
    }),
    describeApi: describeProjectApi({ secretsOf, httpDirOf: (ref) => paths.project(ref).http }),
    askAuth: askProjectAuth({ secretsOf, httpDirOf: (ref) => paths.project(ref).http }),
    // The instance's own key opens it, where the caller names none.
    verifyArchive: (path, { passphrase, identity }) =>
      verifyArchive({ path, passphrase, identities: [...(identity ? [identity] : []), keys.identity] }),
    logs: (ref, role, options) => logs(parts, { ref, role }, options),
    replicas: (project) => replicas(parts, project),
    system: () => system(parts),
    commit: (ref, transaction) => effects.run(`${ref}.intent.commit`, transaction),
    acme: { isOn: config.acme !== null },
    async damagedCertificates(held) {
      const checked = pairs.check(held, await pairs.look())
      return checked.flatMap(({ fault, ...rest }) => (fault === null ? [] : [{ ...rest, fault }]))
    },
    ...given,
  }
}

async function* logs(
  { engine, site }: Parts,
  { ref, role }: { ref: string; role: 'db' | 'runtime' },
  options: Parameters<AppDeps['logs']>[2],
): AsyncIterable<string> {
  const containers = (await engine.list()).filter((each) => each.project === ref && each.role === role)
  const name = role === 'db' ? dbName(site, ref) : newest(containers.map((each) => each))
  if (name !== undefined && containers.some((each) => each.name === name)) yield* engine.logs(name, options)
}

/** The one that runs; of two, the later slot is the one that is taking over. */
function newest(runtimes: readonly { name: string; state: string }[]): string | undefined {
  const rank = ({ name, state }: { name: string; state: string }) =>
    (state === 'running' ? 100 : 0) + (slotOf(name) ?? 0)
  return runtimes.toSorted((a, b) => rank(b) - rank(a))[0]?.name
}

async function replicas({ engine, paths, targets }: Parts, project: ProjectRow): Promise<ProjectReplicas> {
  const { ref } = project
  const runtimes = (await engine.list()).filter((each) => each.project === ref && each.role === 'runtime')
  const settings = replicaSettingsOf(project)
  const { socket } = paths.project(ref)
  const ready = await readySlots({ isReady }, runtimes, socket)
  const found = runtimes.map(({ name, state }) => {
    const slot = slotOf(name) ?? 0
    return { slot, state, ready: ready.has(slot) }
  })
  return {
    ...{ min: settings.min, max: settings.max },
    wanted: countOf(settings, targets.of(ref), runtimes),
    replicas: found.toSorted((a, b) => a.slot - b.slot),
  }
}

async function system({ engine }: Parts) {
  const containers = (await engine.list()).filter(({ project }) => project === SYSTEM)
  return containers.map(({ role, state, health }) => ({ role, state, health }))
}
