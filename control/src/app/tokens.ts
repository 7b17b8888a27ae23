/** API tokens: who may call. */
import type { CreatedToken, CreateToken } from '@cascata/shared/contract/tokens'
import { LastOwnerToken, TokenNotFound } from '@cascata/shared/problems/access'
import { ProjectNotFound } from '@cascata/shared/problems/projects'
import { RequestInvalid } from '@cascata/shared/problems/request'
import type { PageRequest } from '../store/cursor.ts'
import type { Caller } from './caller.ts'
import { audit } from './change.ts'
import type { AppDeps } from './ports.ts'
import { hashToken, newSecretToken, TOKEN_PREFIX } from './secret-token.ts'
import { viewPage, viewToken } from './view.ts'

const DAY_MS = 86_400_000

export function tokenCases({ store, clock }: AppDeps) {
  return {
    /** Who sends this token; undefined when nobody may. */
    async identify(token: string, requestId: string): Promise<Caller | undefined> {
      const row = await store.tokens.findLive(hashToken(token))
      if (!row) return undefined
      await store.tokens.touch(row.id)
      return { tokenId: row.id, scope: row.scope, projectRef: row.projectRef, requestId }
    },

    async create(caller: Caller, wish: CreateToken): Promise<CreatedToken> {
      const { name, scope, project_ref: projectRef, expires_in_days: days } = wish
      if (scope === 'owner' && projectRef !== null) {
        throw RequestInvalid('scope: an owner owns the whole instance and cannot be tied to a project')
      }
      const token = newSecretToken(TOKEN_PREFIX)
      const expiresAt = days === null ? null : new Date(clock.now() + days * DAY_MS).toISOString()
      const row = await store.transaction(async (tx) => {
        if (projectRef !== null && !(await tx.projects.lock(projectRef))) throw ProjectNotFound()
        const row = await tx.tokens.insert({ name, scope, projectRef, expiresAt, hash: hashToken(token) })
        const detail = { name, scope, project: projectRef, expires_at: expiresAt }
        await audit(tx, caller, { action: 'token.create', target: row.id, detail })
        return row
      })
      return { ...viewToken(row), token }
    },

    list: async (request: PageRequest) => viewPage(await store.tokens.page(request), viewToken),

    async revoke(caller: Caller, id: string): Promise<void> {
      await store.transaction(async (tx) => {
        const owners = await tx.tokens.listOwners()
        if (owners.length === 1 && owners[0]?.id === id) throw LastOwnerToken()
        const row = await tx.tokens.revoke(id)
        if (!row) throw TokenNotFound()
        await audit(tx, caller, { action: 'token.revoke', target: id, detail: { name: row.name } })
      })
    },
  }
}
