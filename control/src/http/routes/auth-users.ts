/** Users of a project over HTTP. */
import {
  AuthLink,
  AuthUser,
  AuthUsersQuery,
  ChangeAuthUser,
  CreateAuthUser,
  DeleteAuthUserQuery,
  GenerateAuthLink,
  InviteAuthUser,
  SignedOut,
} from '@cascata/shared/contract/auth-users'
import { pageOf } from '@cascata/shared/contract/page'
import { AuthFailed, AuthRefused, AuthUserExists, AuthUserNotFound } from '@cascata/shared/problems/auth'
import {
  ProjectDeleted,
  ProjectImporting,
  ProjectNotReady,
  ProjectPaused,
} from '@cascata/shared/problems/projects'
import { CursorInvalid } from '@cascata/shared/problems/request'
import { ProjectWakeFailed } from '@cascata/shared/problems/sleep'
import { z } from 'zod'
import type { App } from '../../app/app.ts'
import { endpoint, json, RefParam } from '../endpoint.ts'
import { router } from '../router.ts'

const tag = 'Users'
const UserParam = RefParam.extend({ id: z.uuid() })
const asleep = [ProjectDeleted, ProjectImporting, ProjectPaused, ProjectNotReady, ProjectWakeFailed]
const failures = [...asleep, AuthRefused, AuthFailed]
const shown = { status: 200, description: 'The user, as its project shows it.', schema: AuthUser }
/** Personal data, and links that sign in. */
const UNKEPT = { 'cache-control': 'no-store' }

const list = endpoint('GET /v1/projects/:ref/auth/users', {
  tag,
  summary: 'List the users of a project, newest first',
  request: { params: RefParam, query: AuthUsersQuery },
  answer: { status: 200, description: 'One page.', schema: pageOf(AuthUser) },
  problems: [...failures, CursorInvalid],
})
const create = endpoint('POST /v1/projects/:ref/auth/users', {
  tag,
  summary: 'Make a user',
  description: 'No mail is sent; with `email_confirm` it can sign in at once.',
  request: { params: RefParam, body: json(CreateAuthUser) },
  answer: { ...shown, status: 201 },
  problems: [...failures, AuthUserExists],
})
const get = endpoint('GET /v1/projects/:ref/auth/users/:id', {
  tag,
  summary: 'Show a user',
  request: { params: UserParam },
  answer: shown,
  problems: [...failures, AuthUserNotFound],
})
const change = endpoint('PATCH /v1/projects/:ref/auth/users/:id', {
  tag,
  summary: 'Change a user, or ban it',
  description: 'What is not named stays. A new password and a ban end its sessions.',
  request: { params: UserParam, body: json(ChangeAuthUser) },
  answer: shown,
  problems: [...failures, AuthUserNotFound, AuthUserExists],
})
const remove = endpoint('DELETE /v1/projects/:ref/auth/users/:id', {
  tag,
  summary: 'Delete a user',
  description: 'With `soft=true` its row stays, without what it says of the person.',
  request: { params: UserParam, query: DeleteAuthUserQuery },
  answer: { status: 204, description: 'It is gone.' },
  problems: [...failures, AuthUserNotFound],
})
const logout = endpoint('POST /v1/projects/:ref/auth/users/:id/logout', {
  tag,
  summary: 'Sign a user out everywhere',
  description: 'Refresh tokens are void at once; an access token that is out runs to its end.',
  request: { params: UserParam },
  answer: { status: 200, description: 'How many sessions were ended.', schema: SignedOut },
  problems: [...failures, AuthUserNotFound],
})
const unlock = endpoint('POST /v1/projects/:ref/auth/users/:id/unlock', {
  tag,
  summary: 'End the lock of a user',
  description: 'Whatever was counted against it is forgiven, second factors too.',
  request: { params: UserParam },
  answer: shown,
  problems: [...failures, AuthUserNotFound],
})
const invite = endpoint('POST /v1/projects/:ref/auth/invite', {
  tag,
  summary: 'Invite somebody by mail',
  request: { params: RefParam, body: json(InviteAuthUser) },
  answer: { ...shown, status: 201 },
  problems: [...failures, AuthUserExists],
})
const link = endpoint('POST /v1/projects/:ref/auth/links', {
  tag,
  summary: 'Make the link of a mail without sending it',
  description: 'Whoever has it is signed in.',
  request: { params: RefParam, body: json(GenerateAuthLink) },
  answer: { status: 201, description: 'The link, and the code in its place.', schema: AuthLink },
  problems: [...failures, AuthUserNotFound, AuthUserExists],
})

export function authUserRoutes({ authUsers }: App) {
  return router()
    .openapi(list, async (c) => {
      const found = await authUsers.list(c.var.caller, c.req.valid('param').ref, c.req.valid('query'))
      return c.json(found, 200, UNKEPT)
    })
    .openapi(create, async (c) => {
      const made = await authUsers.create(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))
      return c.json(made, 201, UNKEPT)
    })
    .openapi(get, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authUsers.get(c.var.caller, ref, id), 200, UNKEPT)
    })
    .openapi(change, async (c) => {
      const { ref, id } = c.req.valid('param')
      const wish = c.req.valid('json')
      return c.json(await authUsers.change(c.var.caller, ref, { id, wish }), 200, UNKEPT)
    })
    .openapi(remove, async (c) => {
      const { ref, id } = c.req.valid('param')
      await authUsers.remove(c.var.caller, ref, { id, soft: c.req.valid('query').soft })
      return c.body(null, 204)
    })
    .openapi(logout, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authUsers.logout(c.var.caller, ref, id), 200)
    })
    .openapi(unlock, async (c) => {
      const { ref, id } = c.req.valid('param')
      return c.json(await authUsers.unlock(c.var.caller, ref, id), 200, UNKEPT)
    })
    .openapi(invite, async (c) => {
      const made = await authUsers.invite(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))
      return c.json(made, 201, UNKEPT)
    })
    .openapi(link, async (c) => {
      const made = await authUsers.link(c.var.caller, c.req.valid('param').ref, c.req.valid('json'))
      return c.json(made, 201, UNKEPT)
    })
}
