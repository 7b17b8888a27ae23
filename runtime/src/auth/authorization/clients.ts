/** Applications: registered, changed, and gone with all they hold. */
import { type Context, nowOf, within } from '../context.ts'
import { dropAuthorizations } from '../store/oauth-authorizations.ts'
import {
  countDynamicClients,
  insertClient,
  listOf,
  markClientDeleted,
  type OAuthClientRow,
  updateClient,
} from '../store/oauth-clients.ts'
import { revokeConsentsOfClient } from '../store/oauth-consents.ts'
import { deleteSessionsOfClient } from '../store/sessions.ts'
import { lockUsersOfClient } from '../store/users.ts'
import { digestClientSecret, makeClientSecret } from './client-secret.ts'
import { ClientNotFound, TooManyClients } from './errors.ts'
import { DYNAMIC_CLIENTS_MAX, STALE_CLIENT_MS } from './limits.ts'
import { clientOf, type Registration } from './registration.ts'

/** @param secret shown once, where it was made. */
export const clientView = (client: OAuthClientRow, secret?: string) => ({
  client_id: client.id,
  ...(secret === undefined ? {} : { client_secret: secret }),
  client_name: client.client_name ?? '',
  client_type: client.client_type,
  token_endpoint_auth_method: client.token_endpoint_auth_method,
  registration_type: client.registration_type,
  ...(client.client_uri === null ? {} : { client_uri: client.client_uri }),
  ...(client.logo_uri === null ? {} : { logo_uri: client.logo_uri }),
  redirect_uris: listOf(client.redirect_uris),
  grant_types: listOf(client.grant_types),
  response_types: ['code'],
  created_at: client.created_at,
  updated_at: client.updated_at,
})

export type Registered = { client: OAuthClientRow; secret: string | undefined }

/** @throws ValidationFailed, TooManyClients */
export function registerClient(
  context: Context,
  given: Registration,
  registered: 'dynamic' | 'manual',
): Promise<Registered> {
  const at = nowOf(context)
  const made = clientOf(given, { registered, at })
  const secret = made.client_type === 'confidential' ? makeClientSecret() : undefined
  return within(context, async (tx) => {
    if (registered === 'dynamic') {
      const count = await countDynamicClients(tx, new Date(at.getTime() - STALE_CLIENT_MS))
      if (count >= DYNAMIC_CLIENTS_MAX) throw TooManyClients()
    }
    const hash = secret === undefined ? null : digestClientSecret(secret)
    return { client: await insertClient(tx, { ...made, client_secret_hash: hash }), secret }
  })
}

/** Whoever had the secret of before has none from now on. @throws ClientNotFound */
export async function renewSecret(context: Context, id: string): Promise<Registered> {
  const secret = makeClientSecret()
  const change = { client_secret_hash: digestClientSecret(secret), updated_at: nowOf(context) }
  const client = await updateClient(await context.sql(), id, change)
  if (!client) throw ClientNotFound()
  return { client, secret }
}

/** What its users granted it, and what it holds of that, go with it. */
export async function removeClient(context: Context, id: string): Promise<void> {
  const at = nowOf(context)
  await within(context, async (tx) => {
    await markClientDeleted(tx, id, at)
    await lockUsersOfClient(tx, id)
    await dropAuthorizations(tx, id)
    await revokeConsentsOfClient(tx, id, at)
    await deleteSessionsOfClient(tx, id)
  })
}
