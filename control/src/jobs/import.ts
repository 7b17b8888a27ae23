/** `project.import`: an uploaded archive becomes a project. One that fails leaves no project behind. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { putBack, takeOut } from '@cascata/shared/auth/secrets'
import { mergePatch, type Tree } from '@cascata/shared/auth/tree'
import { AuthSettings } from '@cascata/shared/auth-settings'
import { DirectSettings } from '@cascata/shared/contract/direct'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import { renewed } from '@cascata/shared/former-secrets'
import { ArchiveDamaged, ProjectRefTakenMeanwhile } from '@cascata/shared/problems/archive'
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
  const auth = authOf(verified, keys)
  const secrets = {
    ...(await secretsFor({ ref, keys, verified, fresh: deps.secrets.fresh })),
    auth: auth.secrets,
  }
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
      settings: { ...project.settings, direct: DirectSettings.parse({}), auth: auth.open },
      secrets: deps.secrets.seal(ref, secrets),
    })
    const row = inserted ?? (await deps.store.projects.find(ref))
    if (row?.importing !== id) throw ProjectRefTakenMeanwhile(ref)
  })
  deps.kick(ref)
}

/** Fresh keys are fresh in auth, too: what the old project's keys signed is nothing here. */
function authOf({ project, keys: { auth = {} } }: ArchiveRead, keys: Input['keys']) {
  const before = putBack(project.settings.auth, auth)
  const settings = keys === 'same' ? before : (mergePatch(before, { jwt: { keys: null } }) as Tree)
  // No runtime would be given them: a project that never comes up is worse than none.
  const read = AuthSettings.safeParse(settings)
  if (!read.success) throw ArchiveDamaged('its settings of auth are none').because(read.error)
  return takeOut(settings)
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
  const { jwt_secret, anon_key, service_role_key, former_jwt_secrets: former = [] } = verified.keys
  const carried = { jwtSecret: jwt_secret, anonKey: anon_key, serviceRoleKey: service_role_key }
  const before = { ...secrets, ...carried, formerJwtSecrets: former }
  return keys === 'fresh' ? renewed(before, secrets) : before
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
