/** A project and what may be seen of it, for the tests of its plan. */
import { ProjectLimits, ProjectSettings } from '@cascata/shared/contract/projects'
import type { Container, ContainerState } from '../../engine/engine.ts'
import { dbSpec, egressNetwork, runtimeSpec, type Site, specHash } from '../../engine/spec.ts'
import { pathsOf } from '../../paths.ts'
import type { Observed } from './plan.ts'
import { type Mode, type Wanted, wantedOf } from './wanted.ts'

export const site: Site = {
  instance: 'cascata',
  imageTag: '0.1.0',
  paths: pathsOf('/home'),
  bind: ['127.0.0.1'],
  httpPort: 8080,
  httpsPort: 8443,
  dbSessionPort: 15_432,
  dbTransactionPort: 16_543,
}

export const wanted = (mode: Mode = 'running', template = 'empty'): Wanted => ({
  ...wantedOf(
    {
      ref: 'shop',
      uid: 200_000,
      generation: 1,
      desired: 'running',
      importing: null,
      asleepSince: null,
      ...{ restarts: 0, dbRestarts: 0 },
      imageTag: null,
      limits: ProjectLimits.parse({}),
      settings: ProjectSettings.parse({}),
      template,
      purgeAfter: null,
    },
    {
      secrets: {
        jwtSecret: 'x'.repeat(40),
        anonKey: 'a',
        serviceRoleKey: 's',
        passwords: { supabase_admin: '1', authenticator: '2', postgres: '3' },
      },
      url: 'http://shop.localhost:8080',
      paths: site.paths,
      now: 0,
      target: undefined,
      readOnly: false,
    },
  ),
  mode,
})
export const shop = wanted()

export const db = (state: ContainerState = 'running', spec = specHash(dbSpec(site, shop))): Container => ({
  name: 'cascata-shop-db',
  project: 'shop',
  role: 'db',
  state,
  health: 'none',
  spec,
  image: '',
  networks: [],
  exitCode: null,
})
export const runtime = (
  slot: number,
  state: ContainerState = 'running',
  spec = specHash(runtimeSpec(site, shop, slot)),
): Container => ({
  ...db(state, spec),
  ...{ name: `cascata-shop-runtime-${slot}`, role: 'runtime', networks: [egressNetwork(site)] },
})
export const parted = (container: Container): Container => ({ ...container, networks: [] })
export const OLD = 'made of something else'

export const settled: Observed = {
  containers: [db(), runtime(1)],
  unsound: [],
  document: shop.document,
  ...{ ready: new Set([1]), hung: new Set() },
  prepared: shop.preparation,
  served: new Set([1]),
  files: true,
}
export const nothing: Observed = {
  containers: [],
  unsound: shop.directories,
  document: null,
  ...{ ready: new Set(), hung: new Set() },
  prepared: null,
  served: new Set([1]),
  files: false,
}
