/** Projects: made, listed, shown. Their life goes on in lifecycle.ts, their settings in settings.ts. */
import {
  type CreateProject,
  type Project,
  type ProjectChanged,
  type ProjectKeys,
  ProjectLimits,
  ProjectSettings,
} from '@cascata/shared/contract/projects'
import { ProjectRefTaken, TemplateUnknown } from '@cascata/shared/problems/projects'
import { newSecrets, openSecrets, sealSecrets } from '../adapters/project-secrets.ts'
import type { PageRequest } from '../store/cursor.ts'
import type { Queries } from '../store/queries.ts'
import { type Caller, getProject } from './caller.ts'
import { assertNone, audit, type Changed, insertOperation } from './change.ts'
import type { AppDeps } from './ports.ts'
import { refsFor } from './ref.ts'
import { viewOperation, viewPage, viewProject } from './view.ts'

export function projectCases(deps: AppDeps) {
  const { store, seal, clock, instance, templates, commit, kick } = deps

  /** Undefined when the ref is taken. */
  async function insert(caller: Caller, ref: string, wish: CreateProject): Promise<Changed | undefined> {
    const secrets = await newSecrets(ref, Math.floor(clock.now() / 1_000))
    const write = async (tx: Queries): Promise<Changed | undefined> => {
      await tx.projects.reserve(ref)
      await assertNone(tx, ref, ['project.import'])
      const project = await tx.projects.insert({
        ref,
        name: wish.name,
        template: wish.template,
        desired: 'running',
        // It stays there when the instance moves on, until an upgrade moves it, too.
        imageTag: instance.imageTag,
        limits: wish.limits ?? ProjectLimits.parse({}),
        settings: ProjectSettings.parse({}),
        secrets: sealSecrets(seal, ref, secrets),
      })
      if (!project) return undefined
      const { generation } = project
      const operation = await insertOperation(tx, caller, { kind: 'project.create', ref, generation })
      const detail = { name: wish.name, template: wish.template }
      await audit(tx, caller, { action: 'project.create', target: ref, detail })
      return { project, operation }
    }
    return commit(ref, () => store.transaction(write))
  }

  return {
    async create(caller: Caller, wish: CreateProject): Promise<ProjectChanged> {
      if (!templates.has(wish.template)) throw TemplateUnknown(wish.template)
      for (const ref of wish.ref === undefined ? refsFor(wish.name) : [wish.ref]) {
        if (await store.projects.find(ref)) continue
        const created = await insert(caller, ref, wish)
        if (!created) continue
        kick(created.operation)
        return {
          ...viewProject(created.project, instance),
          operation: viewOperation(created.operation),
        }
      }
      throw ProjectRefTaken(wish.ref ?? wish.name)
    },

    async list(caller: Caller, request: PageRequest) {
      const page = await store.projects.page({ ...request, ref: caller.projectRef ?? undefined })
      return viewPage(page, (row) => viewProject(row, instance))
    },

    get: async (caller: Caller, ref: string): Promise<Project> =>
      viewProject(await getProject(store, caller, ref), instance),

    async keys(caller: Caller, ref: string): Promise<ProjectKeys> {
      const secrets = openSecrets(seal, await getProject(store, caller, ref))
      return { anon_key: secrets.anonKey, service_role_key: secrets.serviceRoleKey }
    },
  }
}
