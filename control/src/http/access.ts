/**
 * Who may call what: the only place that says so, and a route that is not in here is not served.
 *
 * - `scope`: the least a token must have (read < admin < owner).
 * - `project`: a token tied to a project may call it too, for that project; any other project answers it as if it
 *   were not there. Routes without it are the instance's own: a tied token gets 403, their existence is no secret.
 * - `public`: needs no token. `unclaimed`: answers even before the instance has an owner; all else waits for one.
 *
 * A token whose scope is too narrow gets 403 whether or not the thing exists, so that the answer tells nothing.
 */
import type { TokenScope } from '@cascata/shared/contract/tokens'

export type AccessRule = { public: true; unclaimed?: true } | { scope: TokenScope; project?: true }

const open = { public: true, unclaimed: true } as const
const page = { public: true } as const
const owner = { scope: 'owner' } as const
const admin = { scope: 'admin' } as const
const adminOf = { scope: 'admin', project: true } as const
const readOf = { scope: 'read', project: true } as const

export const access = {
  'GET /health/live': open,
  'GET /health/ready': open,
  'GET /openapi.json': open,
  'GET /claim': open,
  'GET /console/:file': open,
  'GET /problems/:code': open,
  'POST /v1/claim': open,
  // Whoever looks whether a claimed name leads here.
  'GET /.well-known/cascata-proof/:proof': open,
  'GET /': page,
  'GET /reference': page,
  'GET /reference/:file': page,

  'POST /v1/claims': owner,
  'GET /v1/tokens': owner,
  'POST /v1/tokens': owner,
  'DELETE /v1/tokens/:id': owner,
  'GET /v1/audit': owner,
  'GET /v1/audit/verify': owner,

  'GET /v1/dns-provider': owner,
  'PUT /v1/dns-provider': owner,
  'DELETE /v1/dns-provider': owner,

  'GET /v1/certificates': admin,
  'POST /v1/certificates/:name/renew': admin,
  'GET /v1/projects/:ref/certificates': readOf,
  'POST /v1/projects/:ref/certificates/:name/renew': adminOf,
  'PUT /v1/projects/:ref/domains/:name/certificate': adminOf,
  'DELETE /v1/projects/:ref/domains/:name/certificate': adminOf,

  'GET /v1/status': { scope: 'read' },
  'POST /v1/projects': admin,
  'POST /v1/projects/import': admin,
  'POST /v1/projects/upgrade': admin,
  'POST /v1/backups/verify': admin,

  'GET /v1/projects': readOf,
  'GET /v1/projects/:ref': readOf,
  'DELETE /v1/projects/:ref': adminOf,
  'POST /v1/projects/:ref/pause': adminOf,
  'POST /v1/projects/:ref/resume': adminOf,
  'POST /v1/projects/:ref/restart': adminOf,
  'POST /v1/projects/:ref/sleep': adminOf,
  'POST /v1/projects/:ref/wake': adminOf,
  'POST /v1/projects/:ref/undelete': adminOf,
  'POST /v1/projects/:ref/rotate-keys': adminOf,
  'POST /v1/projects/:ref/rotate-db-password': adminOf,
  'PATCH /v1/projects/:ref/limits': admin,
  // Which releases there are is the instance's own.
  'POST /v1/projects/:ref/upgrade': admin,
  // `app.settings` is where tenants keep secrets for their functions.
  'GET /v1/projects/:ref/settings': adminOf,
  'PATCH /v1/projects/:ref/settings': adminOf,
  'GET /v1/projects/:ref/auth/config': adminOf,
  'PATCH /v1/projects/:ref/auth/config': adminOf,
  // People's addresses: not for a token that only looks.
  'GET /v1/projects/:ref/auth/users': adminOf,
  'POST /v1/projects/:ref/auth/users': adminOf,
  'GET /v1/projects/:ref/auth/users/:id': adminOf,
  'PATCH /v1/projects/:ref/auth/users/:id': adminOf,
  'DELETE /v1/projects/:ref/auth/users/:id': adminOf,
  'POST /v1/projects/:ref/auth/users/:id/logout': adminOf,
  'POST /v1/projects/:ref/auth/users/:id/unlock': adminOf,
  'POST /v1/projects/:ref/auth/invite': adminOf,
  'POST /v1/projects/:ref/auth/links': adminOf,
  // Secrets of applications, and who lets whole companies in.
  'GET /v1/projects/:ref/auth/clients': adminOf,
  'POST /v1/projects/:ref/auth/clients': adminOf,
  'GET /v1/projects/:ref/auth/clients/:id': adminOf,
  'PATCH /v1/projects/:ref/auth/clients/:id': adminOf,
  'DELETE /v1/projects/:ref/auth/clients/:id': adminOf,
  'POST /v1/projects/:ref/auth/clients/:id/secret': adminOf,
  'GET /v1/projects/:ref/auth/sso': adminOf,
  'POST /v1/projects/:ref/auth/sso': adminOf,
  'GET /v1/projects/:ref/auth/sso/:id': adminOf,
  'PATCH /v1/projects/:ref/auth/sso/:id': adminOf,
  'DELETE /v1/projects/:ref/auth/sso/:id': adminOf,
  'GET /v1/projects/:ref/keys': adminOf,
  'GET /v1/projects/:ref/domains': readOf,
  'POST /v1/projects/:ref/domains': adminOf,
  'GET /v1/projects/:ref/domains/:name': readOf,
  'PATCH /v1/projects/:ref/domains/:name': adminOf,
  'DELETE /v1/projects/:ref/domains/:name': adminOf,
  'POST /v1/projects/:ref/domains/:name/check': adminOf,
  'GET /v1/projects/:ref/replicas': readOf,
  'GET /v1/projects/:ref/database': adminOf,
  'POST /v1/projects/:ref/sql': adminOf,
  'GET /v1/projects/:ref/migrations': readOf,
  'POST /v1/projects/:ref/migrations': adminOf,
  'GET /v1/projects/:ref/types/typescript': readOf,
  'GET /v1/projects/:ref/openapi': readOf,
  'GET /v1/projects/:ref/logs': readOf,
  'GET /v1/projects/:ref/backups': readOf,
  'POST /v1/projects/:ref/backups': adminOf,
  'GET /v1/backups/:id': readOf,
  'GET /v1/backups/:id/file': adminOf,
  'DELETE /v1/backups/:id': adminOf,
  'POST /v1/backups/:id/restore': adminOf,
  'GET /v1/operations': readOf,
  'GET /v1/operations/:id': readOf,
  'GET /v1/operations/:id/events': readOf,
} as const satisfies Record<string, AccessRule>

export type RouteKey = keyof typeof access

const RANK: Record<TokenScope, number> = { read: 0, admin: 1, owner: 2 }

export const covers = (held: TokenScope, needed: TokenScope): boolean => RANK[held] >= RANK[needed]

/** Undefined: nobody may. */
export const ruleOf = (key: string): AccessRule | undefined =>
  Object.hasOwn(access, key) ? access[key as RouteKey] : undefined
