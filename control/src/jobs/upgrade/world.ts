/** What an upgrade has its hands on: a project's containers, its files, and whoever answers in them. */
import type { Files } from '../../adapters/files.ts'
import type { ProjectFacts } from '../../adapters/project-facts.ts'
import type { Snapshots } from '../../adapters/snapshots.ts'
import type { Engine } from '../../engine/engine.ts'
import type { Site } from '../../engine/spec.ts'
import type { Readiness, TenantDatabase } from '../../reconcile/projects/database-port.ts'

export type UpgradeWorld = {
  site: Site
  engine: Engine
  files: Pick<Files, 'ensureDirectory' | 'read'>
  snapshots: Snapshots
  database: TenantDatabase & {
    /** Of everybody's but control's; returns once they have ended. */
    endEverySession(socketDir: string): Promise<void>
  }
  readiness: Readiness
  inspect: Inspection
}

export type Inspection = {
  facts(socketDir: string): Promise<ProjectFacts>
  /** @throws unless the runtime's own login is answered. */
  asAuthenticator(socketDir: string, password: string): Promise<void>
  reloadSchema(socketDir: string): Promise<void>
  /** Status of the REST API's root under this key; null when nobody answers. */
  rest(socket: string, apikey: string): Promise<number | null>
}

/** What was known of the project when its snapshot was taken. */
export type Before = { facts: ProjectFacts; rest: number | null }
