/** `/admin/oauth/clients`: applications that sign users in with this project. */
import { isUuid } from '../access.ts'
import { clientView, registerClient, removeClient, renewSecret } from '../authorization/clients.ts'
import { ClientNotFound } from '../authorization/errors.ts'
import { assertOAuthServerOn } from '../authorization/metadata.ts'
import { Change, changeOf, Registration } from '../authorization/registration.ts'
import { type Context, nowOf, within } from '../context.ts'
import { ValidationFailed } from '../errors.ts'
import { pageHeaders, pageOf } from '../paging.ts'
import { type AuthAnswer, type AuthRequest, bodyOf, noContent, ok } from '../request.ts'
import { findClient, listClients, type OAuthClientRow, updateClient } from '../store/oauth-clients.ts'
import type { Db } from '../store/rows.ts'

export async function getClients(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const page = pageOf(request.query)
  const { clients, total } = await listClients(await context.sql(), page)
  const { audience: aud } = context.project.settings().jwt
  return {
    ...ok({ clients: clients.map((client) => clientView(client)), aud }),
    headers: pageHeaders(`${context.project.url()}/auth/v1/admin/oauth/clients`, page, total),
  }
}

export async function postClient(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const { client, secret } = await registerClient(context, bodyOf(request, Registration), 'manual')
  return { status: 201, json: clientView(client, secret) }
}

/** @throws ValidationFailed, ClientNotFound */
async function namedClient(db: Db, request: AuthRequest): Promise<OAuthClientRow> {
  const [id] = request.params
  if (!isUuid(id)) throw ValidationFailed('client_id must be a UUID')
  const client = await findClient(db, id)
  if (!client) throw ClientNotFound()
  return client
}

export async function getClient(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  return ok(clientView(await namedClient(await context.sql(), request)))
}

export async function putClient(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const given = bodyOf(request, Change)
  return within(context, async (tx) => {
    const client = await namedClient(tx, request)
    const change = { ...changeOf(given, client), updated_at: nowOf(context) }
    const changed = await updateClient(tx, client.id, change)
    if (!changed) throw ClientNotFound()
    return ok(clientView(changed))
  })
}

export async function deleteClient(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  await removeClient(context, (await namedClient(await context.sql(), request)).id)
  return noContent
}

export async function postClientSecret(context: Context, request: AuthRequest): Promise<AuthAnswer> {
  assertOAuthServerOn(context)
  const { id, client_type: type } = await namedClient(await context.sql(), request)
  if (type === 'public') throw ValidationFailed('Cannot regenerate secret for public client')
  const { client, secret } = await renewSecret(context, id)
  return ok(clientView(client, secret))
}
