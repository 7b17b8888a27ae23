/** The control API: what every request passes, in order, then the routes, then the pages. */

import { PathNotFound } from '@cascata/shared/problems/request'
import type { OpenAPIHono } from '@hono/zod-openapi'
import { countAttempts } from './attempts.ts'
import type { Env, HttpDeps } from './env.ts'
import { bodyBounds } from './middleware/body.ts'
import { gate } from './middleware/gate.ts'
import { idempotency } from './middleware/idempotency.ts'
import { requestFrame } from './middleware/request.ts'
import { apiDocument } from './openapi.ts'
import { pageRoutes } from './pages.ts'
import { renderProblem } from './problem.ts'
import { router } from './router.ts'
import { archiveRoutes } from './routes/archives.ts'
import { auditRoutes } from './routes/audit.ts'
import { authClientRoutes } from './routes/auth-clients.ts'
import { authConfigRoutes } from './routes/auth-config.ts'
import { authSsoRoutes } from './routes/auth-sso.ts'
import { authUserRoutes } from './routes/auth-users.ts'
import { backupRoutes } from './routes/backups.ts'
import { certificateRoutes } from './routes/certificates.ts'
import { claimRoutes } from './routes/claims.ts'
import { descriptionRoutes } from './routes/descriptions.ts'
import { directRoutes } from './routes/direct.ts'
import { dnsProviderRoutes } from './routes/dns-provider.ts'
import { domainRoutes } from './routes/domains.ts'
import { logRoutes } from './routes/logs.ts'
import { operationRoutes } from './routes/operations.ts'
import { projectRoutes } from './routes/projects.ts'
import { replicaRoutes } from './routes/replicas.ts'
import { settingsRoutes } from './routes/settings.ts'
import { sqlRoutes } from './routes/sql.ts'
import { statusRoutes } from './routes/status.ts'
import { tokenRoutes } from './routes/tokens.ts'
import { upgradeRoutes } from './routes/upgrades.ts'
import { openStreams } from './stream.ts'

export function controlApp(deps: HttpDeps): OpenAPIHono<Env> {
  const { app } = deps
  const attempts = countAttempts(deps.clock)
  const streams = openStreams()
  const http = router()

  http.onError(renderProblem)
  http.notFound((c) => renderProblem(PathNotFound(), c))
  http.use(requestFrame(deps))
  http.use(gate(deps, attempts))
  http.use(bodyBounds())
  http.use(idempotency(deps))

  const parts: OpenAPIHono<Env>[] = [
    statusRoutes(app),
    // Before the projects' and backups' own: `import` and `upgrade` are no refs, `verify` no id.
    archiveRoutes(app),
    upgradeRoutes(app),
    projectRoutes(app),
    settingsRoutes(app),
    authConfigRoutes(app),
    authUserRoutes(app),
    authClientRoutes(app),
    authSsoRoutes(app),
    domainRoutes(app),
    replicaRoutes(app),
    directRoutes(app),
    sqlRoutes(app),
    descriptionRoutes(app),
    logRoutes(app, streams),
    backupRoutes(app),
    operationRoutes(app, streams),
    certificateRoutes(app),
    dnsProviderRoutes(app),
    tokenRoutes(app),
    claimRoutes(app, attempts),
    auditRoutes(app),
  ]
  for (const part of parts) http.route('/', part)
  http.route('/', pageRoutes(deps))

  let document: string | undefined
  http.get('/openapi.json', (c) => {
    document ??= JSON.stringify(apiDocument(http, deps.version))
    return c.body(document, 200, { 'content-type': 'application/json' })
  })
  return http
}
