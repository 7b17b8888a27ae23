/**
 * Users of a project, who are the project's own: each call is passed on to its auth. The audit names users by id, and
 * addresses by their hash: it is kept longer than users are.
 */
import { createHash, randomUUID } from 'node:crypto'
import {
  AuthLink,
  AuthUser,
  type AuthUsersQuery,
  type ChangeAuthUser,
  type CreateAuthUser,
  type GenerateAuthLink,
  type InviteAuthUser,
  SignedOut,
} from '@cascata/shared/contract/auth-users'
import { AuthRefused } from '@cascata/shared/problems/auth'
import { z } from 'zod'
import { authCalls, nextCursor, pageAsked, pageQuery } from './auth-calls.ts'
import type { Caller } from './caller.ts'
import type { AppDeps, AuthCall } from './ports.ts'

type Page = { items: AuthUser[]; next_cursor: string | null }

const hashOf = (address: string): string =>
  createHash('sha256').update(address.trim().toLowerCase()).digest('hex')

const userPath = (id: string): string => `/admin/users/${encodeURIComponent(id)}`
const Listed = z.object({ users: z.array(AuthUser) })
const Link = z.looseObject({ id: z.uuid(), ...AuthLink.omit({ user_id: true }).shape })

export function authUserCases(deps: AppDeps) {
  const { read, write } = authCalls(deps)

  return {
    async list(caller: Caller, ref: string, asked: AuthUsersQuery): Promise<Page> {
      const page = pageAsked(asked)
      const filter = asked.filter === undefined ? {} : { filter: asked.filter }
      const query = { ...pageQuery(page), ...filter }
      const { body, total = 0 } = await read(caller, ref, { method: 'GET', path: '/admin/users', query })
      const items = Listed.parse(body).users
      return { items, next_cursor: nextCursor(page, total) }
    },

    async get(caller: Caller, ref: string, id: string): Promise<AuthUser> {
      return AuthUser.parse((await read(caller, ref, { method: 'GET', path: userPath(id) })).body)
    },

    async create(caller: Caller, ref: string, wish: CreateAuthUser): Promise<AuthUser> {
      // Known before it is there: what the audit says can be found again.
      const id = wish.id ?? randomUUID()
      const call: AuthCall = { method: 'POST', path: '/admin/users', body: { ...wish, id } }
      const change = { action: 'auth.user.create', detail: { user: id }, call }
      return AuthUser.parse((await write(caller, ref, change)).body)
    },

    async change(
      caller: Caller,
      ref: string,
      { id, wish }: { id: string; wish: ChangeAuthUser },
    ): Promise<AuthUser> {
      if (Object.keys(wish).length === 0) throw AuthRefused('validation_failed', 'nothing is named to change')
      const call: AuthCall = { method: 'PUT', path: userPath(id), body: wish }
      const detail = { user: id, changes: Object.keys(wish) }
      return AuthUser.parse((await write(caller, ref, { action: 'auth.user.update', detail, call })).body)
    },

    async remove(caller: Caller, ref: string, { id, soft }: { id: string; soft: boolean }): Promise<void> {
      const call: AuthCall = { method: 'DELETE', path: userPath(id), body: { should_soft_delete: soft } }
      await write(caller, ref, { action: 'auth.user.delete', detail: { user: id, soft }, call })
    },

    async logout(caller: Caller, ref: string, id: string): Promise<SignedOut> {
      const call: AuthCall = { method: 'POST', path: `${userPath(id)}/logout` }
      const change = { action: 'auth.user.logout', detail: { user: id }, call }
      return SignedOut.parse((await write(caller, ref, change)).body)
    },

    async unlock(caller: Caller, ref: string, id: string): Promise<AuthUser> {
      const call: AuthCall = { method: 'POST', path: `${userPath(id)}/unlock` }
      const change = { action: 'auth.user.unlock', detail: { user: id }, call }
      return AuthUser.parse((await write(caller, ref, change)).body)
    },

    async invite(caller: Caller, ref: string, wish: InviteAuthUser): Promise<AuthUser> {
      const { redirect_to: redirectTo, ...body } = wish
      const query = redirectTo === undefined ? {} : { query: { redirect_to: redirectTo } }
      const call: AuthCall = { method: 'POST', path: '/invite', body, ...query }
      const detail = { email_sha256: hashOf(wish.email) }
      return AuthUser.parse((await write(caller, ref, { action: 'auth.user.invite', detail, call })).body)
    },

    async link(caller: Caller, ref: string, wish: GenerateAuthLink): Promise<AuthLink> {
      const call: AuthCall = { method: 'POST', path: '/admin/generate_link', body: wish }
      const detail = { type: wish.type, email_sha256: hashOf(wish.email) }
      const { body } = await write(caller, ref, { action: 'auth.link.generate', detail, call })
      const { id, ...link } = Link.parse(body)
      return AuthLink.parse({ ...link, user_id: id })
    },
  }
}
