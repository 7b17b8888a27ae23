/**
 * How control asks a project's auth for what is the project's own: the project is awake meanwhile, and a call that
 * changes something is written down first.
 */
import { CursorInvalid } from '@cascata/shared/problems/request'
import { whileAwake } from './awake.ts'
import type { Caller } from './caller.ts'
import { audit } from './change.ts'
import type { AppDeps, AuthCall, AuthReply } from './ports.ts'

type Change = { action: string; detail: Record<string, unknown>; call: AuthCall }

export function authCalls(deps: AppDeps) {
  return {
    read: (caller: Caller, ref: string, call: AuthCall): Promise<AuthReply> =>
      whileAwake(deps, { caller, ref }, () => deps.askAuth(ref, call)),

    write: (caller: Caller, ref: string, { call, ...entry }: Change): Promise<AuthReply> =>
      whileAwake(deps, { caller, ref }, async () => {
        // Another database: no transaction spans both. Written first, nothing is done that the audit does not know.
        await deps.store.transaction((tx) => audit(tx, caller, { ...entry, target: ref }))
        return deps.askAuth(ref, call)
      }),
  }
}

type Page = { page: number; limit: number }

/** Auth counts pages: a cursor is the next one, with its size. */
const cursorOf = ({ page, limit }: Page): string => Buffer.from(`${page}/${limit}`).toString('base64url')

/** @throws CursorInvalid */
export function pageAsked({ cursor, limit }: { cursor?: string | undefined; limit: number }): Page {
  if (cursor === undefined) return { page: 1, limit }
  const found = /^([1-9]\d{0,8})\/([1-9]\d{0,2})$/.exec(Buffer.from(cursor, 'base64url').toString())
  if (!found) throw CursorInvalid()
  return { page: Number(found[1]), limit: Number(found[2]) }
}

export const pageQuery = ({ page, limit }: Page) => ({ page: String(page), per_page: String(limit) })

export const nextCursor = (page: Page, total: number): string | null =>
  page.page * page.limit < total ? cursorOf({ ...page, page: page.page + 1 }) : null
