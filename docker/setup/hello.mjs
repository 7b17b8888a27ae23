/** The first project: made once from a starter with real tables and rows, then read as three different callers. */
import { randomUUID } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { askProject } from './api.mjs'
import { config } from './config.mjs'

const REF = 'hello'
const READY_TIMEOUT_MS = 120_000
const QUERY = '/rest/v1/todos?select=task,is_complete,lists(title)&order=id'
const SHOWN_CHARS = 160

/** Resolves to `{project, changed}`. One that is there is left as it is, paused or deleted ones too. */
export async function ensureHello(api, report) {
  const present = await api.findProject(REF)
  if (present && !isBecoming(present)) return { project: present, changed: false }
  if (!present) {
    const operation = await api.createProject({ name: REF, ref: REF, template: 'todo' }, randomUUID())
    await api.finish(operation, report)
  }
  return { project: await untilRunning(api, report), changed: true }
}

const isBecoming = ({ desired, status }) => desired === 'running' && status === 'creating'

/** One whose making an earlier run did not see the end of. */
async function untilRunning(api, report) {
  const until = performance.now() + READY_TIMEOUT_MS
  for (;;) {
    const project = await api.findProject(REF)
    if (project?.status === 'running') return project
    if (performance.now() > until) {
      throw new Error(
        `Project ${REF} is ${project?.status ?? 'gone'}: ${project?.last_problem?.detail ?? 'no reason known'}`,
      )
    }
    report(project?.status ?? 'waiting')
    await wait(100)
  }
}

/** Lines to show, and the statuses that must be so. */
export async function demonstrate(api) {
  const { anon_key, service_role_key } = await api.projectKeys(REF)
  const callers = [
    { who: 'a stranger', key: undefined, expected: 401 },
    { who: 'anon', key: anon_key, expected: 200 },
    { who: 'service_role', key: service_role_key, expected: 200 },
  ]
  const lines = [`GET http://${REF}.${config.domain}:${config.httpPort}${QUERY}`]
  const rows = {}
  for (const { who, key, expected } of callers) {
    const { status, body } = await askProject(REF, QUERY, key)
    if (status !== expected)
      throw new Error(`As ${who} the answer was ${status}, not ${expected}: ${JSON.stringify(body)}`)
    rows[who] = Array.isArray(body) ? body.length : 0
    lines.push(
      `  as ${who.padEnd(12)} ${status}  ${Array.isArray(body) ? `${body.length} rows  ` : ''}${shown(body)}`,
    )
  }
  // The starter keeps one list to itself: row level security is what makes the difference.
  if (!(rows.anon > 0 && rows.service_role > rows.anon)) {
    throw new Error(
      `anon read ${rows.anon} rows and service_role ${rows.service_role}: the policies do not hold.`,
    )
  }
  return lines
}

const shown = (body) => {
  const text = JSON.stringify(body)
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text
}
