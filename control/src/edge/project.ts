/** The blocks of one project: who answers for it, and a server for each of its names. */
import type { Problem } from '@cascata/shared/problem'
import { BodyTooLarge } from '@cascata/shared/problems/bounds'
import { AnswerLost, ProjectBusy, ProjectStarting, UpstreamTimeout } from '@cascata/shared/problems/edge'
import { ProjectPaused } from '@cascata/shared/problems/projects'
import { everything, type How, maintenance, saying } from './answers.ts'
import { WORKER_CONNECTIONS } from './limits.ts'
import { alternative, certificateOf, HTTP, https, problemPages, sentOnTo, sentToHttps } from './server.ts'
import type { EdgeName, EdgeSite, ProjectSite } from './site.ts'
import { indented, server } from './text.ts'

export function projectBlocks(site: EdgeSite, project: ProjectSite): string {
  const { ref, answer } = project
  const own =
    typeof answer === 'string' ? [] : [upstream(upstreamOf(ref), socketsOf(ref, answer.slots), ACTIVATOR)]
  return [...own, ...project.names.map((name) => nameBlock(site, project, name))].join('\n\n')
}

const upstreamOf = (ref: string) => `project_${ref}`

function nameBlock(site: EdgeSite, project: ProjectSite, own: EdgeName): string {
  const { name, certificate, httpsOnly, redirectTo } = own
  const isDefault = certificate.name === site.certificate.name
  return server([
    HTTP,
    https(site),
    `server_name ${name};`,
    ...(isDefault ? [] : [certificateOf(certificate)]),
    ...hsts(project),
    ...alternative(site),
    ...(httpsOnly && certificate.trusted ? [sentToHttps(name)] : []),
    problemPages(site),
    redirectTo === null ? answerOf(project) : sentOnTo(redirectTo),
  ])
}

const hsts = ({ hstsMaxAgeS }: ProjectSite): string[] =>
  hstsMaxAgeS === null
    ? []
    : [`set $hsts_rule 'max-age=${hstsMaxAgeS}';`, 'add_header Strict-Transport-Security $hsts always;']

function answerOf(project: ProjectSite): string {
  const { ref, answer, bodyBytesMax } = project
  if (project.maintenance !== null) return maintenance(project.maintenance)
  if (answer === 'paused') return everything(ProjectPaused(ref), { retryAfterS: 60 })
  if (answer === 'importing') return everything(ProjectStarting(ref), { retryAfterS: 5 })
  const sorry = {
    ...{ away: ProjectStarting(ref), lost: AnswerLost(), late: UpstreamTimeout() },
    ...{ large: BodyTooLarge(bodyBytesMax), busy: ProjectBusy(ref) },
  }
  return [
    `set $project_ref ${ref};`,
    `client_max_body_size ${bodyBytesMax};`,
    passTo(upstreamOf(ref), sorry, `limit_conn projects ${requestsMax(answer.slots.length)};`),
  ].join('\n')
}

/** What a runtime may hold at once: sockets of realtime, and requests beside them. */
const PER_RUNTIME = 1_536

/** As many as its runtimes would take, and never more than half of what the edge can have under way. */
const requestsMax = (runtimes: number): number => Math.min(runtimes * PER_RUNTIME, WORKER_CONNECTIONS / 2)

export const socketsOf = (directory: string, slots: readonly number[]): string[] =>
  slots.map((slot) => `unix:/run/cascata/${directory}/http/${slot}.sock max_fails=0`)

/**
 * Where requests go that find nobody: their project sleeps or is restarted. A connect that is refused has sent
 * nothing, so any request may be passed on; each is one line in the log, beside its own.
 */
const ACTIVATOR = 'unix:/run/cascata/_control/http/activator.sock max_fails=0 backup'

/** Kept connections are dropped before the other side drops them (after 75 s). */
export const upstream = (
  name: string,
  sockets: readonly string[],
  backup?: string,
): string => `upstream ${name} {
${sockets.length > 1 ? '  least_conn;\n' : ''}${[...sockets, ...(backup === undefined ? [] : [backup])].map((socket) => `  server ${socket};`).join('\n')}
  keepalive 32;
  keepalive_requests 100000;
  keepalive_timeout 60s;
}`

type Sorry = { away: Problem; late: Problem; lost?: Problem; large?: Problem; busy?: Problem }

/** @param bound what holds for the requests that are passed on, and for no other of the site's. */
export function passTo(name: string, { away, late, lost, large, busy }: Sorry, bound?: string): string {
  const named = (place: string, answer: Problem, how: How) =>
    `location @${place} {\n${indented(saying(answer, how))}\n}`
  return [
    `location / {\n${bound === undefined ? '' : `  ${bound}\n`}  proxy_pass http://${name};\n}`,
    'error_page 502 = @away;',
    'error_page 504 = @late;',
    ...(large ? ['error_page 413 = @large;'] : []),
    ...(busy ? ['error_page 503 = @busy;'] : []),
    named('away', away, lost ? { retryAfterS: '$away_again_s', lost } : { retryAfterS: 1 }),
    named('late', late, {}),
    ...(large ? [named('large', large, { isAsked: false })] : []),
    ...(busy ? [named('busy', busy, { retryAfterS: 1 })] : []),
  ].join('\n')
}
