/** Projects over HTTP. */

import { PageQuery, pageOf } from '@cascata/shared/contract/page'
import {
  ChangeLimits,
  CreateProject,
  Project,
  ProjectChanged,
  ProjectKeys,
  RestartProject,
} from '@cascata/shared/contract/projects'
import { OperationUnderWay } from '@cascata/shared/problems/operations'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotDeleted,
  ProjectNotReady,
  ProjectPaused,
  ProjectPurged,
  ProjectRefTaken,
  TemplateUnknown,
} from '@cascata/shared/problems/projects'
import { CursorInvalid } from '@cascata/shared/problems/request'
import type { App } from '../../app/app.ts'
import { endpoint, json, optionalJson, RefParam } from '../endpoint.ts'
import { accepted, router } from '../router.ts'

const tag = 'Projects'
const started = {
  status: 202,
  description: 'Wanted; its operation says when it is so.',
  schema: ProjectChanged,
  location: true,
}
const busy = [ProjectDeleted, ProjectImporting, OperationUnderWay]

export function projectRoutes({ projects, lifecycle }: App) {
  const list = endpoint('GET /v1/projects', {
    tag,
    summary: 'List projects, newest first',
    request: { query: PageQuery },
    answer: { status: 200, description: 'One page.', schema: pageOf(Project) },
    problems: [CursorInvalid],
  })
  const create = endpoint('POST /v1/projects', {
    tag,
    summary: 'Create a project',
    description: 'Its database and its runtime start on their own time: follow the operation.',
    request: { body: json(CreateProject) },
    answer: started,
    problems: [ProjectRefTaken, TemplateUnknown, OperationUnderWay],
  })
  const get = endpoint('GET /v1/projects/:ref', {
    tag,
    summary: 'Show a project',
    request: { params: RefParam },
    answer: { status: 200, description: 'The project.', schema: Project },
  })
  const remove = endpoint('DELETE /v1/projects/:ref', {
    tag,
    summary: 'Delete a project',
    description: 'Its files are kept for seven days, in which it can be brought back.',
    request: { params: RefParam },
    answer: started,
    problems: busy,
  })
  const limit = endpoint('PATCH /v1/projects/:ref/limits', {
    tag,
    summary: 'Change what its containers may use',
    description: 'What is not named stays.',
    request: { params: RefParam, body: json(ChangeLimits) },
    answer: started,
    problems: busy,
  })
  const restart = endpoint('POST /v1/projects/:ref/restart', {
    tag,
    summary: 'Make its runtimes anew, one by one',
    description:
      'No request fails by it. With `database` its Postgres is made anew as well: open sessions end, and what they were doing is rolled back.',
    request: { params: RefParam, body: optionalJson(RestartProject) },
    answer: started,
    problems: [...busy, ProjectPaused],
  })
  const keys = endpoint('GET /v1/projects/:ref/keys', {
    tag,
    summary: 'Show the keys for its clients',
    request: { params: RefParam },
    answer: { status: 200, description: 'The keys.', schema: ProjectKeys },
  })

  const routes = router()
    .openapi(list, async (c) => c.json(await projects.list(c.var.caller, c.req.valid('query'))))
    .openapi(create, async (c) => accepted(c, await projects.create(c.var.caller, c.req.valid('json'))))
    .openapi(get, async (c) => c.json(await projects.get(c.var.caller, c.req.valid('param').ref)))
    .openapi(remove, async (c) => accepted(c, await lifecycle.remove(c.var.caller, c.req.valid('param').ref)))
    .openapi(limit, async (c) =>
      accepted(c, await lifecycle.limit(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
    .openapi(restart, async (c) =>
      accepted(c, await lifecycle.restart(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))),
    )
    .openapi(keys, async (c) => {
      c.header('cache-control', 'no-store')
      return c.json(await projects.keys(c.var.caller, c.req.valid('param').ref))
    })

  for (const [key, summary, act, problems] of [
    ['POST /v1/projects/:ref/pause', 'Stop a project; it keeps its files', lifecycle.pause, busy],
    ['POST /v1/projects/:ref/resume', 'Start a paused project', lifecycle.resume, busy],
    [
      'POST /v1/projects/:ref/sleep',
      'Stop a project until somebody asks for it',
      lifecycle.sleep,
      [...busy, ProjectPaused, ProjectNotReady],
    ],
    ['POST /v1/projects/:ref/wake', 'Start a sleeping project', lifecycle.wake, [...busy, ProjectPaused]],
    [
      'POST /v1/projects/:ref/rotate-keys',
      'Make new keys; the old ones become void',
      lifecycle.rotateKeys,
      busy,
    ],
    [
      'POST /v1/projects/:ref/rotate-db-password',
      'Make a new database password; the old one lets nobody in any more',
      lifecycle.rotateDbPassword,
      busy,
    ],
    [
      'POST /v1/projects/:ref/undelete',
      'Bring a deleted project back',
      lifecycle.undelete,
      [ProjectNotDeleted, ProjectPurged, OperationUnderWay],
    ],
  ] as const) {
    const route = endpoint(key, { tag, summary, request: { params: RefParam }, answer: started, problems })
    routes.openapi(route, async (c) => accepted(c, await act(c.var.caller, c.req.valid('param').ref)))
  }
  return routes
}
