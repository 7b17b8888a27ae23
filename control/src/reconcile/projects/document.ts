/** The project document that the runtime reads: intent, keys and where its database is, as the runtime sees it. Pure. */

import { putBack } from '@cascata/shared/auth/secrets'
import { AuthSettings } from '@cascata/shared/auth-settings'
import { ProjectLimits, type ProjectSecrets } from '@cascata/shared/contract/projects'
import { ProjectDocument } from '@cascata/shared/project-document'
import { connectionShare } from '../../engine/connections.ts'
import { COUNTERS_SOCKET } from '../../engine/spec.ts'
import type { ProjectRow } from '../../store/tables/projects.ts'
import { replicaSettingsOf } from './replicas.ts'

type Intent = Pick<ProjectRow, 'ref' | 'generation' | 'settings' | 'limits'>

/** Where run/<ref>/db is inside the runtime's container. */
const DATABASE_DIR = '/run/cascata/db'

type Own = { secrets: ProjectSecrets; url: string; readOnly: boolean }

export function documentOf(row: Intent, { secrets, url, readOnly }: Own): ProjectDocument {
  return ProjectDocument.parse({
    version: 1,
    ref: row.ref,
    generation: row.generation,
    url,
    database: {
      host: DATABASE_DIR,
      password: secrets.passwords.authenticator,
      ...connectionShare(replicaSettingsOf(row).max),
    },
    jwtSecret: secrets.jwtSecret,
    formerJwtSecrets: secrets.formerJwtSecrets ?? [],
    counters: { socket: COUNTERS_SOCKET },
    keys: { anon: secrets.anonKey, serviceRole: secrets.serviceRoleKey },
    rest: row.settings.rest,
    auth: AuthSettings.parse(putBack(row.settings.auth ?? {}, secrets.auth ?? {})),
    limits: limitsOf(row.limits),
    readOnly: readOnly ? 'disk' : null,
  })
}

function limitsOf(stored: ProjectLimits): ProjectDocument['limits'] {
  // A row written before a limit was thought of has its default.
  const limits = ProjectLimits.parse(stored)
  return {
    bodyBytesMax: limits.body_bytes_max,
    urlBytesMax: limits.url_bytes_max,
    statementTimeoutMs: limits.statement_timeout_ms,
    embedDepthMax: limits.embed_depth_max,
    embedsMax: limits.embeds_max,
    planCostMax: limits.plan_cost_max,
  }
}

export const renderDocument = (document: ProjectDocument): string => `${JSON.stringify(document, null, 2)}\n`

/** Of a document as it was written before; a text that is none says no. */
export function wasReadOnly(text: string | null): boolean {
  try {
    return text !== null && JSON.parse(text).readOnly === 'disk'
  } catch {
    return false
  }
}
