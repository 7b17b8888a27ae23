/** Live settings, changed only by whoever has read the ones that are there. */
import { createHash } from 'node:crypto'
import { type ChangeSettings, ProjectSettings, type SettingsChange } from '@cascata/shared/contract/projects'
import { TokenTied } from '@cascata/shared/problems/access'
import { RefNotDirect } from '@cascata/shared/problems/pooler'
import { IfMatchRequired, SettingsChanged } from '@cascata/shared/problems/projects'
import { RequestInvalid } from '@cascata/shared/problems/request'
import { type Caller, getProject } from './caller.ts'
import { changeProject } from './change.ts'
import { matches } from './etag.ts'
import type { AppDeps } from './ports.ts'
import { viewOperation } from './view.ts'

/** The pooler's own database: what bears its name cannot be reached through it. */
const POOLER_CONSOLE = 'pgbouncer'

/** Of the settings alone: pausing or restarting a project meanwhile does not get in the way. */
export const etagOf = (settings: ProjectSettings): string =>
  `"${createHash('sha256')
    .update(JSON.stringify(ProjectSettings.parse(settings)))
    .digest('base64url')
    .slice(0, 22)}"`

/** Its sections that are there, by name. */
const sectionsOf = (wish: ChangeSettings): [string, object][] =>
  Object.entries(wish).flatMap(([name, fields]) => (fields === undefined ? [] : [[name, fields]]))

const namesOf = (wish: ChangeSettings) =>
  Object.fromEntries(sectionsOf(wish).map(([name, fields]) => [name, Object.keys(fields)]))

/** Section by section: what is not named stays. */
function merged(settings: ProjectSettings, wish: ChangeSettings): Record<string, object> {
  const known: Record<string, object> = ProjectSettings.parse(settings)
  const changed = sectionsOf(wish).map(([name, fields]) => [name, { ...known[name], ...fields }])
  return { ...known, ...Object.fromEntries(changed) }
}

export function settingsCases(deps: AppDeps) {
  return {
    async get(caller: Caller, ref: string): Promise<{ settings: ProjectSettings; etag: string }> {
      const settings = ProjectSettings.parse((await getProject(deps.store, caller, ref)).settings)
      return { settings, etag: etagOf(settings) }
    },

    async change(
      caller: Caller,
      ref: string,
      { wish, ifMatch }: { wish: ChangeSettings; ifMatch: string | undefined },
    ): Promise<{ body: SettingsChange; etag: string }> {
      if (ifMatch === undefined) throw IfMatchRequired()
      // Each replica may use what the limits say, which are the operator's.
      if (wish.replicas !== undefined && caller.projectRef !== null) throw TokenTied()
      const { project, operation } = await changeProject(deps, caller, {
        ref,
        kind: 'project.update',
        // Names alone: a value may be a secret of the tenant's (`app.settings`).
        detail: { settings: namesOf(wish) },
        patch(row) {
          if (!matches(ifMatch, etagOf(row.settings))) throw SettingsChanged()
          const next = ProjectSettings.safeParse(merged(row.settings, wish))
          if (!next.success) throw RequestInvalid(next.error.message)
          if (next.data.direct.enabled && row.ref === POOLER_CONSOLE) throw RefNotDirect(row.ref)
          return { settings: next.data }
        },
      })
      const settings = ProjectSettings.parse(project.settings)
      return { body: { ...settings, operation: viewOperation(operation) }, etag: etagOf(settings) }
    },
  }
}
