/** All use cases over one set of ports. */
import { auditCases } from './audit.ts'
import { authClientCases } from './auth-clients.ts'
import { authConfigCases } from './auth-config.ts'
import { authSsoCases } from './auth-sso.ts'
import { authUserCases } from './auth-users.ts'
import { backupCases } from './backups.ts'
import { certificateCases } from './certificates.ts'
import { claimCases } from './claims.ts'
import { descriptionCases } from './descriptions.ts'
import { directCases } from './direct.ts'
import { dnsProviderCases } from './dns-provider.ts'
import { domainCases } from './domains.ts'
import { idempotencyCases } from './idempotency.ts'
import { importCases } from './imports.ts'
import { lifecycleCases } from './lifecycle.ts'
import { logCases } from './logs.ts'
import { operationCases } from './operations.ts'
import type { AppDeps } from './ports.ts'
import { projectCases } from './projects.ts'
import { replicaCases } from './replicas.ts'
import { settingsCases } from './settings.ts'
import { sqlCases } from './sql.ts'
import { statusCases } from './status.ts'
import { tokenCases } from './tokens.ts'
import { upgradeCases } from './upgrades.ts'

export const createApp = (deps: AppDeps) => ({
  audit: auditCases(deps),
  authConfig: authConfigCases(deps),
  authUsers: authUserCases(deps),
  authClients: authClientCases(deps),
  authSso: authSsoCases(deps),
  backups: backupCases(deps),
  certificates: certificateCases(deps),
  claims: claimCases(deps),
  descriptions: descriptionCases(deps),
  domains: domainCases(deps),
  dnsProvider: dnsProviderCases(deps),
  direct: directCases(deps),
  idempotency: idempotencyCases(deps),
  imports: importCases(deps),
  lifecycle: lifecycleCases(deps),
  logs: logCases(deps),
  operations: operationCases(deps),
  projects: projectCases(deps),
  replicas: replicaCases(deps),
  settings: settingsCases(deps),
  sql: sqlCases(deps),
  status: statusCases(deps),
  tokens: tokenCases(deps),
  upgrades: upgradeCases(deps),
})

export type App = ReturnType<typeof createApp>
