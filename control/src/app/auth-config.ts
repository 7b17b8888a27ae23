/**
 * Settings of a project's auth. The row keeps what was set, and nothing that is a default, so that a better default
 * reaches who never chose; secrets lie apart, sealed with the project's other ones.
 */
import { createHash } from 'node:crypto'
import { secretsAstray } from '@cascata/shared/auth/bound-secrets'
import { type AuthSecrets, putBack, takeOut, withoutMarks } from '@cascata/shared/auth/secrets'
import { mergePatch, placesOf, strangers, type Tree } from '@cascata/shared/auth/tree'
import { AuthSettings } from '@cascata/shared/auth-settings'
import {
  AuthConfig,
  type AuthConfigChange,
  type ChangeAuthConfig,
} from '@cascata/shared/contract/auth-config'
import { SettingsChanged } from '@cascata/shared/problems/projects'
import { RequestInvalid } from '@cascata/shared/problems/request'
import { openSecrets, sealSecrets } from '../adapters/project-secrets.ts'
import type { ProjectRow } from '../store/tables/projects.ts'
import { type Caller, getProject } from './caller.ts'
import { changeProject } from './change.ts'
import { matches } from './etag.ts'
import type { AppDeps } from './ports.ts'
import { viewOperation } from './view.ts'

const REASONS_MAX = 10
const PLACES_MAX = 100

/** Sealing is never twice the same: a new secret is a new tag, and the tag tells nothing of it. */
const etagOf = (row: ProjectRow): string =>
  `"${createHash('sha256')
    .update(JSON.stringify([row.settings.auth ?? {}, row.secrets]))
    .digest('base64url')
    .slice(0, 22)}"`

/** In whole, defaults and all, secrets hidden. */
function viewOf(row: ProjectRow, secrets: AuthSecrets): AuthConfig {
  const settings = AuthSettings.parse(putBack(row.settings.auth ?? {}, secrets))
  return AuthConfig.parse(takeOut(settings).open)
}

const refuse = (reasons: readonly string[]) => RequestInvalid(reasons.slice(0, REASONS_MAX).join('; '))

/** What was set, secrets and all, after the patch. @throws RequestInvalid that names each place, and no value. */
function patched(before: Tree, wish: ChangeAuthConfig): Tree {
  const next = mergePatch(before, withoutMarks(wish)) as Tree
  const read = AuthSettings.safeParse(next)
  if (!read.success)
    throw refuse(read.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`))
  // With the defaults: to name one is no change.
  const astray = secretsAstray(AuthSettings.safeParse(before).data ?? before, read.data, wish)
  if (astray.length > 0)
    throw refuse(astray.map(({ secret, moved }) => `${secret}: must be given again where ${moved} changes`))
  const unknown = strangers(next, read.data)
  if (unknown.length > 0) throw refuse(unknown.map((place) => `${place}: no setting of that name`))
  return next
}

export function authConfigCases(deps: AppDeps) {
  const secretsOf = (row: ProjectRow) => openSecrets(deps.seal, row)
  const show = (row: ProjectRow) => ({ config: viewOf(row, secretsOf(row).auth ?? {}), etag: etagOf(row) })

  return {
    async get(caller: Caller, ref: string): Promise<{ config: AuthConfig; etag: string }> {
      return show(await getProject(deps.store, caller, ref))
    },

    /** `ifMatch` may be left out: a merge patch says nothing of what it does not name. */
    async change(
      caller: Caller,
      ref: string,
      { wish, ifMatch }: { wish: ChangeAuthConfig; ifMatch: string | undefined },
    ): Promise<{ body: AuthConfigChange; etag: string }> {
      const { project, operation } = await changeProject(deps, caller, {
        ref,
        kind: 'project.update',
        detail: { auth: placesOf(wish).slice(0, PLACES_MAX) },
        patch(row) {
          if (ifMatch !== undefined && !matches(ifMatch, etagOf(row))) throw SettingsChanged()
          const secrets = secretsOf(row)
          const next = takeOut(patched(putBack(row.settings.auth ?? {}, secrets.auth ?? {}), wish))
          return {
            settings: { ...row.settings, auth: next.open },
            secrets: sealSecrets(deps.seal, ref, { ...secrets, auth: next.secrets }),
          }
        },
      })
      const { config, etag } = show(project)
      return { body: { ...config, operation: viewOperation(operation) }, etag }
    },
  }
}
