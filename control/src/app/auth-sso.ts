/** Identity providers of a project: each call is passed on to its auth, which alone keeps them and reads what they say. */
import {
  AuthSsoProvider,
  AuthSsoProviders,
  type ChangeAuthSsoProvider,
  type CreateAuthSsoProvider,
} from '@cascata/shared/contract/auth-sso'
import { AuthRefused } from '@cascata/shared/problems/auth'
import { authCalls } from './auth-calls.ts'
import type { Caller } from './caller.ts'
import type { AppDeps, AuthCall } from './ports.ts'

const PLACE = '/admin/sso/providers'
const providerPath = (id: string): string => `${PLACE}/${encodeURIComponent(id)}`

export function authSsoCases(deps: AppDeps) {
  const { read, write } = authCalls(deps)
  return {
    async list(caller: Caller, ref: string): Promise<{ items: AuthSsoProvider[] }> {
      return AuthSsoProviders.parse((await read(caller, ref, { method: 'GET', path: PLACE })).body)
    },

    async get(caller: Caller, ref: string, id: string): Promise<AuthSsoProvider> {
      return AuthSsoProvider.parse((await read(caller, ref, { method: 'GET', path: providerPath(id) })).body)
    },

    async create(caller: Caller, ref: string, wish: CreateAuthSsoProvider): Promise<AuthSsoProvider> {
      const call: AuthCall = { method: 'POST', path: PLACE, body: { type: 'saml', ...wish } }
      const { domains = [], metadata_url, resource_id } = wish
      const detail = { domains, ...(metadata_url && { metadata_url }), ...(resource_id && { resource_id }) }
      return AuthSsoProvider.parse(
        (await write(caller, ref, { action: 'auth.sso.create', detail, call })).body,
      )
    },

    async change(
      caller: Caller,
      ref: string,
      { id, wish }: { id: string; wish: ChangeAuthSsoProvider },
    ): Promise<AuthSsoProvider> {
      if (Object.keys(wish).length === 0) throw AuthRefused('validation_failed', 'nothing is named to change')
      const call: AuthCall = { method: 'PUT', path: providerPath(id), body: wish }
      const { domains } = wish
      const detail = { provider: id, changes: Object.keys(wish), ...(domains && { domains }) }
      return AuthSsoProvider.parse(
        (await write(caller, ref, { action: 'auth.sso.update', detail, call })).body,
      )
    },

    async remove(caller: Caller, ref: string, id: string): Promise<void> {
      const call: AuthCall = { method: 'DELETE', path: providerPath(id) }
      await write(caller, ref, { action: 'auth.sso.delete', detail: { provider: id }, call })
    },
  }
}
