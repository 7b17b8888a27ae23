/** Applications of a project: each call is passed on to its auth, which alone keeps them. Secrets are in no audit. */
import {
  AuthClient,
  type ChangeAuthClient,
  type CreateAuthClient,
} from '@cascata/shared/contract/auth-clients'
import type { PageQuery } from '@cascata/shared/contract/page'
import { AuthRefused } from '@cascata/shared/problems/auth'
import { z } from 'zod'
import { authCalls, nextCursor, pageAsked, pageQuery } from './auth-calls.ts'
import type { Caller } from './caller.ts'
import type { AppDeps, AuthCall } from './ports.ts'

type Page = { items: AuthClient[]; next_cursor: string | null }

const PLACE = '/admin/oauth/clients'
const clientPath = (id: string): string => `${PLACE}/${encodeURIComponent(id)}`
const Listed = z.object({ clients: z.array(AuthClient) })

export function authClientCases(deps: AppDeps) {
  const { read, write } = authCalls(deps)
  return {
    async list(caller: Caller, ref: string, asked: PageQuery): Promise<Page> {
      const page = pageAsked(asked)
      const call: AuthCall = { method: 'GET', path: PLACE, query: pageQuery(page) }
      const { body, total = 0 } = await read(caller, ref, call)
      return { items: Listed.parse(body).clients, next_cursor: nextCursor(page, total) }
    },

    async get(caller: Caller, ref: string, id: string): Promise<AuthClient> {
      return AuthClient.parse((await read(caller, ref, { method: 'GET', path: clientPath(id) })).body)
    },

    async create(caller: Caller, ref: string, wish: CreateAuthClient): Promise<AuthClient> {
      const call: AuthCall = { method: 'POST', path: PLACE, body: wish }
      const { client_name: name = '', redirect_uris } = wish
      const change = { action: 'auth.client.create', detail: { name, redirect_uris }, call }
      return AuthClient.parse((await write(caller, ref, change)).body)
    },

    async change(
      caller: Caller,
      ref: string,
      { id, wish }: { id: string; wish: ChangeAuthClient },
    ): Promise<AuthClient> {
      if (Object.keys(wish).length === 0) throw AuthRefused('validation_failed', 'nothing is named to change')
      const call: AuthCall = { method: 'PUT', path: clientPath(id), body: wish }
      const { redirect_uris } = wish
      const detail = { client: id, changes: Object.keys(wish), ...(redirect_uris && { redirect_uris }) }
      return AuthClient.parse((await write(caller, ref, { action: 'auth.client.update', detail, call })).body)
    },

    async remove(caller: Caller, ref: string, id: string): Promise<void> {
      const call: AuthCall = { method: 'DELETE', path: clientPath(id) }
      await write(caller, ref, { action: 'auth.client.delete', detail: { client: id }, call })
    },

    async renewSecret(caller: Caller, ref: string, id: string): Promise<AuthClient> {
      const call: AuthCall = { method: 'POST', path: `${clientPath(id)}/regenerate_secret` }
      const change = { action: 'auth.client.renew-secret', detail: { client: id }, call }
      return AuthClient.parse((await write(caller, ref, change)).body)
    },
  }
}
