/** Upgrades over HTTP. */
import { ProjectChanged } from '@cascata/shared/contract/projects'
import { UpgradeProject, UpgradeProjects, UpgradeStarted } from '@cascata/shared/contract/upgrade'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import { ProjectDeleted, ProjectImporting, ProjectNotReady } from '@cascata/shared/problems/projects'
import { ProjectAtRelease } from '@cascata/shared/problems/upgrade'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { accepted, router } from '../router.ts'

const tag = 'Projects'

export function upgradeRoutes({ upgrades }: App) {
  const one = endpoint('POST /v1/projects/:ref/upgrade', {
    tag,
    summary: 'Move a project to another release',
    description:
      'Its data are copied first; a release that does not come up is undone, data and all. Its operation says how it went.',
    request: { params: RefParam, body: json(UpgradeProject) },
    answer: { status: 202, description: 'Begun.', schema: ProjectChanged, location: true },
    problems: [ProjectDeleted, ProjectImporting, ProjectNotReady, ProjectAtRelease, OperationUnderWay],
  })
  const all = endpoint('POST /v1/projects/upgrade', {
    tag,
    summary: 'Move all projects to another release, in waves',
    description: 'Stops after the first wave in which one failed. Each project has an operation of its own.',
    request: { body: json(UpgradeProjects) },
    answer: { status: 202, description: 'Begun.', schema: UpgradeStarted, location: true },
    problems: [OperationUnderWay],
  })

  return router()
    .openapi(all, async (c) => accepted(c, await upgrades.all(c.var.caller, c.req.valid('json'))))
    .openapi(one, async (c) =>
      accepted(c, await upgrades.one(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
}
