/** The blocks of one project: who answers for it, and a server for each of its names. */
import type { Problem } from '@cascata/shared/problem'
import { BodyTooLarge } from '@cascata/shared/problems/bounds'
import { ProjectStarting, UpstreamTimeout } from '@cascata/shared/problems/edge'
import { ProjectPaused } from '@cascata/shared/problems/projects'
import { everything, type How, maintenance, saying } from './answers.ts'
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
  const sorry = { away: ProjectStarting(ref), late: UpstreamTimeout(), large: BodyTooLarge(bodyBytesMax) }
  return [
    `set $project_ref ${ref};`,
    `client_max_body_size ${bodyBytesMax};`,
    passTo(upstreamOf(ref), sorry),
  ].join('\n')
}

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

type Sorry = { away: Problem; late: Problem; large?: Problem }

export function passTo(name: string, { away, late, large }: Sorry): string {
  const named = (place: string, answer: Problem, how: How) =>
    `location @${place} {\n${indented(saying(answer, how))}\n}`
  return [
    `location / {\n  proxy_pass http://${name};\n}`,
    'error_page 502 = @away;',
    'error_page 504 = @late;',
    ...(large ? ['error_page 413 = @large;'] : []),
    named('away', away, { retryAfterS: 1 }),
    named('late', late, {}),
    ...(large ? [named('large', large, {})] : []),
  ].join('\n')
}
