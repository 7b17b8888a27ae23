/** `project.import`: an uploaded archive becomes a project. One that fails leaves no project behind. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { DirectSettings } from '@cascata/shared/contract/direct'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import { ProjectRefTakenMeanwhile } from '@cascata/shared/problems/archive'
import type { ArchiveRead } from '../archive/reader.ts'
import type { JobRun } from './deps.ts'
import { handBack, refill, verify } from './refill.ts'

type Input = { name: string | null; keys: 'fresh' | 'same' }

export async function importProject(run: JobRun): Promise<Record<string, unknown>> {
  const { operation, deps, steps } = run
  const path = uploadPath(run)
  if (!steps.isDone('restore')) {
    const verified = await verify(run, path)
    await steps.run('project', () => insertProject(run, verified))
    await refill(run, path, verified)
  }
  await handBack(run)
  const project = await deps.store.projects.find(operation.ref)
  await forgetUpload(run)
  return { ref: operation.ref, name: project?.name ?? operation.ref }
}

/** Its row appears with `importing` set: the reconciler brings up its database and serves nothing. */
async function insertProject({ operation, deps }: JobRun, verified: ArchiveRead): Promise<void> {
  const { ref, id } = operation
  const { name, keys } = operation.input as Input
  const { project } = verified
  const secrets = await secretsFor({ ref, keys, verified, fresh: deps.secrets.fresh })
  await deps.effects.run(`${ref}.import.insert`, async () => {
    const inserted = await deps.store.projects.insert({
      ref,
      name: name ?? project.name,
      // What a starter would put in is in the archive, changes and all.
      template: 'empty',
      desired: 'running',
      imageTag: deps.upgrade.site.imageTag,
      importing: id,
      limits: project.limits,
      // Whom its Postgres was open to elsewhere is no reason to open it here.
      settings: { ...project.settings, direct: DirectSettings.parse({}) },
      secrets: deps.secrets.seal(ref, secrets),
    })
    const row = inserted ?? (await deps.store.projects.find(ref))
    if (row?.importing !== id) throw ProjectRefTakenMeanwhile(ref)
  })
  deps.kick(ref)
}

type SecretsFor = {
  ref: string
  keys: Input['keys']
  verified: ArchiveRead
  fresh(ref: string): Promise<ProjectSecrets>
}

/** Passwords are always new: no archive holds one. */
async function secretsFor({ ref, keys, verified, fresh }: SecretsFor): Promise<ProjectSecrets> {
  const secrets = await fresh(ref)
  if (keys === 'fresh') return secrets
  const { jwt_secret, anon_key, service_role_key } = verified.keys
  return { ...secrets, jwtSecret: jwt_secret, anonKey: anon_key, serviceRoleKey: service_role_key }
}

/** Takes back what there is of the project, at once: nobody has been served by it. */
export async function giveUpImport(run: JobRun): Promise<void> {
  const { operation, deps } = run
  const row = await deps.store.projects.find(operation.ref)
  if (row?.importing === operation.id) {
    const now = new Date(deps.clock.now()).toISOString()
    await deps.effects.run(`${operation.ref}.import.purge`, () =>
      deps.store.projects.change(operation.ref, { desired: 'deleted', deletedAt: now, purgeAfter: now }),
    )
    deps.kick(operation.ref)
  }
  await forgetUpload(run)
}

const forgetUpload = (run: JobRun): Promise<void> =>
  run.deps.effects.run(`${run.operation.ref}.import.forget`, () => rm(uploadPath(run), { force: true }))

const uploadPath = ({ operation, deps }: JobRun): string => join(deps.paths.imports, `${operation.id}.caf`)
