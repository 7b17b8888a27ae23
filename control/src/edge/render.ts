/**
 * Writes nginx's whole configuration from the model. Pure. Never patched: what is not in the model is not in the text.
 *
 * The text holds its own digest behind the probe's socket, so that what nginx really serves can be asked.
 */
import { createHash } from 'node:crypto'
import { PROOF_PATH } from '@cascata/shared/contract/domains'
import { URL_BYTES_MAX } from '@cascata/shared/contract/projects'
import { UrlTooLong } from '@cascata/shared/problems/bounds'
import { ControlStarting, UnknownHost, UpstreamTimeout } from '@cascata/shared/problems/edge'
import { everything, saying } from './answers.ts'
import { caller } from './caller.ts'
import { ACME_CHALLENGE } from './challenges.ts'
import { GLOBALS } from './globals.ts'
import { WORKER_CONNECTIONS, WORKER_SHUTDOWN_S } from './limits.ts'
import { passTo, projectBlocks, socketsOf, upstream } from './project.ts'
import { alternative, certificateOf, HTTP, https, problemPages } from './server.ts'
import type { EdgeSite } from './site.ts'
import { indented, server } from './text.ts'

export type Rendered = { text: string; digest: string }

export const PROBE_PATH = '/digest'

export function renderEdge(site: EdgeSite): Rendered {
  const digest = digestOf(wholeText(site, ''))
  return { text: wholeText(site, digest), digest }
}

const digestOf = (bare: string): string => createHash('sha256').update(bare).digest('hex').slice(0, 32)

/** The digest that a text of ours is served under; null when it was cut or changed since it was made. */
export function digestIn(text: string): string | null {
  const [said, digest = ''] = /return 200 '([0-9a-f]{32})'/.exec(text) ?? []
  return said !== undefined && digestOf(text.replace(said, "return 200 ''")) === digest ? digest : null
}

const wholeText = (site: EdgeSite, digest: string): string =>
  `${[main(site), http(site, digest)].join('\n\n')}\n`

const main = ({ workers }: EdgeSite) => `# Made by Cascata from its projects: written anew at each change.
load_module modules/ngx_http_brotli_filter_module.so;
worker_processes ${workers};
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
# A reload leaves the old workers to their open connections for so long.
worker_shutdown_timeout ${WORKER_SHUTDOWN_S}s;
# Beside its connections a worker has its log, its listeners and what it shares with the others.
worker_rlimit_nofile ${WORKER_CONNECTIONS + 512};

events {
  worker_connections ${WORKER_CONNECTIONS};
}`

function http(site: EdgeSite, digest: string): string {
  const projects = site.projects.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))
  const blocks = [
    GLOBALS,
    caller(site),
    certificateOf(site.certificate),
    probe(digest),
    unknownHosts(site),
    control(site),
    ...projects.map((project) => projectBlocks(site, project)),
  ]
  return `http {\n${indented(blocks.join('\n\n'))}\n}`
}

const probe = (digest: string) => `server {
  listen unix:/run/edge/probe.sock;
  access_log off;
  location = ${PROBE_PATH} {
    default_type text/plain;
    return 200 '${digest}';
  }
  location / {
    return 404;
  }
}`

/** Names that somebody claims and nobody has proven come here, too: control answers for them with their proof. */
const unknownHosts = (site: EdgeSite) => `server {
  listen 8080 default_server;
${indented(https(site, ' default_server'))}
  server_name _;
  # A line that does not fit is answered before its host and path are known.
  error_page 414 /url-too-long;
  location = /url-too-long {
    internal;
${indented(indented(saying(UrlTooLong(URL_BYTES_MAX), {})))}
  }
  location ^~ ${PROOF_PATH} {
    proxy_pass http://control;
  }
${indented(ACME_CHALLENGE)}
${indented(problemPages(site))}
${indented(everything(UnknownHost(), {}))}
}`

/**
 * A stream may outlive the worker it began on: a reload, most often the one it tells of. That worker closes the
 * connection behind the last event, so the caller is told beforehand not to send anything else on it.
 */
const EVENTS = `location ~ ^/v1/operations/[^/]+/events$ {
  keepalive_timeout 0;
  proxy_pass http://control;
}`

function control(site: EdgeSite): string {
  const { domain } = site
  const names = [...new Set([domain, 'localhost', '127.0.0.1', '[::1]'])].join(' ')
  return [
    upstream('control', socketsOf('_control', [1])),
    server([
      HTTP,
      https(site),
      `server_name ${names};`,
      ...alternative(site),
      // Archives are uploaded here; control itself bounds each.
      'client_max_body_size 0;',
      'proxy_read_timeout 3600s;',
      'proxy_send_timeout 3600s;',
      EVENTS,
      passTo('control', { away: ControlStarting(), late: UpstreamTimeout() }),
    ]),
  ].join('\n\n')
}
