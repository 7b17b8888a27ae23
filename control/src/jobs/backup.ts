/** `backup.create`: one project into `backups/<ref>/<id>.caf`. Run again after a kill, it writes the file anew. */
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Manifest, ProjectEntry } from '@cascata/shared/caf/manifest'
import type { SealFor } from '../archive/age/header.ts'
import { exportProject } from '../archive/export.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import type { JobDeps, JobRun } from './deps.ts'
import { waitFor } from './wait.ts'

type Input = { backup: string; recipients: readonly string[] }

export async function createBackup(run: JobRun): Promise<Record<string, unknown>> {
  const { operation, deps, steps, signal } = run
  const { backup: id, recipients } = operation.input as Input
  const project = await steps.run('wait', async () => {
    await deps.wake(operation.ref)
    return waitFor(run, 'running')
  })
  const path = backupPath(deps, { ref: project.ref, id })
  await mkdir(join(deps.paths.backups, project.ref), { recursive: true, mode: 0o700 })
  const bar = steps.share(0, 1)
  const exported = await steps.run('archive', () =>
    exportProject({
      cluster: { socketDir: deps.paths.project(project.ref).dbSocketDir, tools: deps.tools },
      path,
      sealFor: sealFor(run, recipients),
      signer: deps.keys.signer,
      origin: { ...deps.origin, project: originOf(project) },
      project: entryOf(project),
      keys: { ...keysOf(deps, project), former_jwt_secrets: formerOf(deps, project) },
      now: new Date(deps.clock.now()),
      onProgress: (bytes, expected) => bar(Math.min(0.99, bytes / Math.max(1, expected))),
      signal,
      atRename: (doRename) => deps.effects.run(`${project.ref}.backup.rename`, doRename),
    }),
  )
  const { bytes, sha256, manifest, databaseBytes } = exported
  const summary = { ...summaryOf(manifest, databaseBytes), signed_by: deps.keys.signer.fingerprint }
  await deps.effects.run(`${project.ref}.backup.ready`, () =>
    deps.store.backups.ready(id, { bytes, sha256, summary }),
  )
  return { id, ref: project.ref, bytes, sha256 }
}

/** A backup that failed says so; what there is of its file is gone already. */
export const giveUpBackup = ({ operation, deps }: JobRun): Promise<void> =>
  deps.effects.run(`${operation.ref}.backup.fail`, () =>
    deps.store.backups.fail((operation.input as Input).backup),
  )

export const backupPath = (deps: JobDeps, { ref, id }: { ref: string; id: string }): string =>
  join(deps.paths.backups, ref, `${id}.caf`)

function sealFor({ operation, deps }: JobRun, recipients: readonly string[]): SealFor {
  const { passphrase } = deps.openInput(operation)
  return passphrase === undefined ? { recipients: [deps.keys.recipient, ...recipients] } : { passphrase }
}

const originOf = ({ id, ref, name, template }: ProjectRow): Manifest['project'] => ({
  id,
  ref,
  name,
  template,
})

const entryOf = ({ name, template, limits, settings }: ProjectRow): ProjectEntry => ({
  name,
  template,
  limits,
  settings,
})

function keysOf(deps: JobDeps, project: ProjectRow) {
  const { jwtSecret, anonKey, serviceRoleKey, auth = {} } = deps.secrets.open(project)
  return { jwt_secret: jwtSecret, anon_key: anonKey, service_role_key: serviceRoleKey, auth }
}

const formerOf = ({ secrets }: JobDeps, project: ProjectRow): string[] =>
  secrets.open(project).formerJwtSecrets ?? []

const summaryOf = (manifest: Manifest, databaseBytes: number) => ({
  format: `${manifest.format}/${manifest.version}`,
  created_at: manifest.created_at,
  cascata: manifest.cascata,
  postgres: manifest.postgres.version,
  extensions: manifest.extensions.map(({ name, version }) => ({ name, version })),
  tables: manifest.tables.length,
  rows: manifest.tables.reduce((all, { rows }) => all + rows, 0),
  database_bytes: databaseBytes,
})
