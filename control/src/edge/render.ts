/**
 * Writes nginx's whole configuration from the model. Pure. Never patched: what is not in the model is not in the text.
 *
 * The text holds its own digest behind the probe's socket, so that what nginx really serves can be asked.
 */
import { createHash } from 'node:crypto'
import { URL_BYTES_MAX } from '@cascata/shared/contract/projects'
import type { Domain } from '@cascata/shared/domain'
import type { Problem } from '@cascata/shared/problem'
import { BodyTooLarge, UrlTooLong } from '@cascata/shared/problems/bounds'
import { ControlStarting, ProjectStarting, UnknownHost, UpstreamTimeout } from '@cascata/shared/problems/edge'
import { ProjectPaused } from '@cascata/shared/problems/projects'
import { bodyOf } from './answers.ts'
import type { EdgeSite, ProjectSite } from './site.ts'

export type Rendered = { text: string; digest: string }

export const PROBE_PATH = '/digest'

export function renderEdge(site: EdgeSite): Rendered {
  const digest = createHash('sha256').update(wholeText(site, '')).digest('hex').slice(0, 32)
  return { text: wholeText(site, digest), digest }
}

const wholeText = (site: EdgeSite, digest: string): string =>
  `${[main(site), http(site, digest)].join('\n\n')}\n`

const main = ({ workers }: EdgeSite) => `# Made by Cascata from its projects: written anew at each change.
worker_processes ${workers};
pid /tmp/nginx.pid;
error_log /dev/stderr warn;
# A reload leaves the old workers to their open connections for so long.
worker_shutdown_timeout 300s;

events {
  worker_connections 4096;
}`

function http(site: EdgeSite, digest: string): string {
  const projects = site.projects.toSorted((a, b) => (a.ref < b.ref ? -1 : 1))
  const blocks = [
    GLOBALS,
    certificate(site.domain),
    probe(digest),
    unknownHosts(site),
    control(site.domain),
    ...projects.map((project) => projectBlocks(site, project)),
  ]
  return `http {\n${indented(blocks.join('\n\n'))}\n}`
}

const GLOBALS = `default_type application/octet-stream;
server_tokens off;
server_names_hash_max_size 16384;
server_names_hash_bucket_size 512;
map_hash_bucket_size 256;

client_body_temp_path /tmp/body;
proxy_temp_path /tmp/proxy;
fastcgi_temp_path /tmp/fastcgi;
uwsgi_temp_path /tmp/uwsgi;
scgi_temp_path /tmp/scgi;

client_header_timeout 15s;
client_body_timeout 60s;
send_timeout 60s;
keepalive_timeout 75s;
reset_timedout_connection on;
large_client_header_buffers 4 32k;

# No query string in the log: keys and personal things travel in it.
map $request_uri $path_only {
  ~^(?<before>[^?]*) $before;
}
log_format requests escape=json '{"at":"$time_iso8601","request_id":"$request_id","host":"$host",'
  '"method":"$request_method","path":"$path_only","status":$status,"bytes":$body_bytes_sent,'
  '"seconds":$request_time,"upstream_seconds":"$upstream_response_time","remote":"$remote_addr"}';
access_log /dev/stdout requests;

map $http_upgrade $connection_header {
  default upgrade;
  '' '';
}

ssl_protocols TLSv1.3;
ssl_session_cache shared:tls:5m;
ssl_session_timeout 1h;
ssl_session_tickets off;

proxy_http_version 1.1;
# What a client says of itself is overwritten: nothing behind may trust it.
proxy_set_header Host $http_host;
proxy_set_header Connection $connection_header;
proxy_set_header Upgrade $http_upgrade;
proxy_set_header X-Request-Id $request_id;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $remote_addr;
proxy_set_header X-Forwarded-Proto $scheme;
proxy_set_header X-Forwarded-Host $http_host;
proxy_set_header X-Forwarded-Port '';
proxy_set_header Forwarded '';
# Bodies stream through: what is on the way is not gathered on this small machine's memory.
proxy_request_buffering off;
proxy_max_temp_file_size 0;
proxy_connect_timeout 5s;
proxy_send_timeout 120s;
proxy_read_timeout 120s;
# A kept connection that was just closed is tried again, unless the request may have had an effect.
proxy_next_upstream error;
proxy_next_upstream_tries 2;`

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

const certificate = (domain: Domain) => `http2 on;
ssl_certificate /etc/cascata/certs/${domain}.crt;
ssl_certificate_key /etc/cascata/certs/${domain}.key;`

const LISTEN = 'listen 8080;\nlisten 8443 ssl;'

const unknownHosts = (site: EdgeSite) => `server {
  listen 8080 default_server;
  listen 8443 ssl default_server;
  server_name _;
  # A line that does not fit is answered before its host and path are known.
  error_page 414 /url-too-long;
  location = /url-too-long {
    internal;
${indented(indented(saying(UrlTooLong(URL_BYTES_MAX), {})))}
  }
${indented(problemPages(site))}
${indented(everything(UnknownHost(), {}))}
}`

/**
 * The `type` of a problem is relative, and so on the host that answered with it; the pages are control's. The code is
 * what the pattern let through, never the path: that may hold a line's end.
 */
const problemPages = ({ controlUrl }: EdgeSite) => `location ~ ^/problems/(?<code>[a-z0-9-]+)$ {
  return 302 ${controlUrl}/problems/$code;
}`

/**
 * A stream may outlive the worker it began on: a reload, most often the one it tells of. That worker closes the
 * connection behind the last event, so the caller is told beforehand not to send anything else on it.
 */
const EVENTS = `location ~ ^/v1/operations/[^/]+/events$ {
  keepalive_timeout 0;
  proxy_pass http://control;
}`

function control(domain: Domain): string {
  const names = [...new Set([domain, 'localhost', '127.0.0.1'])].join(' ')
  return [
    upstream('control', '_control', [1]),
    server([
      LISTEN,
      `server_name ${names};`,
      // Archives are uploaded here; control itself bounds each.
      'client_max_body_size 0;',
      'proxy_read_timeout 3600s;',
      'proxy_send_timeout 3600s;',
      EVENTS,
      passTo('control', { away: ControlStarting(), late: UpstreamTimeout() }),
    ]),
  ].join('\n\n')
}

function projectBlocks(site: EdgeSite, { ref, answer, bodyBytesMax }: ProjectSite): string {
  const head = [LISTEN, `server_name ${ref}.${site.domain};`, problemPages(site)]
  if (answer === 'paused') return server([...head, everything(ProjectPaused(ref), { retryAfterS: 60 })])
  if (answer === 'importing') return server([...head, everything(ProjectStarting(ref), { retryAfterS: 5 })])
  const name = `project_${ref}`
  return [
    upstream(name, ref, answer.slots),
    server([
      ...head,
      `client_max_body_size ${bodyBytesMax};`,
      passTo(name, {
        away: ProjectStarting(ref),
        late: UpstreamTimeout(),
        large: BodyTooLarge(bodyBytesMax),
      }),
    ]),
  ].join('\n\n')
}

/** Kept connections are dropped before the other side drops them (after 75 s). */
const upstream = (name: string, directory: string, slots: readonly number[]) => `upstream ${name} {
${slots.map((slot) => `  server unix:/run/cascata/${directory}/http/${slot}.sock max_fails=0;`).join('\n')}
  keepalive 32;
  keepalive_timeout 60s;
}`

type Sorry = { away: Problem; late: Problem; large?: Problem }

function passTo(name: string, { away, late, large }: Sorry): string {
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

function everything(answer: Problem, how: How): string {
  return `location / {\n${indented(saying(answer, how))}\n}`
}

type How = { retryAfterS?: number }

function saying(answer: Problem, { retryAfterS }: How): string {
  // Nobody can be asked in place of the one who is away, whatever the API calls the same state of things.
  const status = retryAfterS === undefined ? answer.status : 503
  return [
    'default_type application/problem+json;',
    'add_header X-Request-Id $request_id always;',
    'add_header Cache-Control no-store always;',
    // A page of another origin could not read it otherwise: constant text, for anybody.
    'add_header Access-Control-Allow-Origin * always;',
    ...(retryAfterS === undefined ? [] : [`add_header Retry-After ${retryAfterS} always;`]),
    `return ${status} ${bodyOf(answer, status)};`,
  ].join('\n')
}

const server = (lines: readonly string[]) => `server {\n${indented(lines.join('\n'))}\n}`

function indented(text: string): string {
  return text.replaceAll(/^(?=.)/gm, '  ')
}
