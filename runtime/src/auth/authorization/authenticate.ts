/** Which application asks, at the token endpoint: by its id, and by its secret where it has one (RFC 6749, 2.3). */
import { isUuid } from '../access.ts'
import type { AuthRequest } from '../request.ts'
import { type ClientAuthMethod, findClient, type OAuthClientRow } from '../store/oauth-clients.ts'
import type { Db } from '../store/rows.ts'
import { isClientSecret } from './client-secret.ts'
import { oauthRefusal } from './errors.ts'

export type Shown = { id: string; secret: string | undefined; method: ClientAuthMethod }

/** An application that is who it says. The secret is the one it showed: some ID tokens are signed with it. */
export type KnownClient = { client: OAuthClientRow; secret: string | undefined }

/** @throws OAuthRefusal: the same whether there is no such application or its secret is another. */
export async function authenticateClient(db: Db, shown: Shown): Promise<KnownClient> {
  const client = isUuid(shown.id) ? await findClient(db, shown.id) : undefined
  const isPublic = client?.client_type === 'public'
  const isProven = isPublic
    ? shown.secret === undefined
    : isClientSecret(shown.secret ?? '', client?.client_secret_hash ?? null)
  if (!client || !isProven) throw oauthRefusal('invalid_client', 'Client authentication failed')
  if (client.token_endpoint_auth_method !== shown.method)
    throw oauthRefusal('invalid_client', `This client authenticates by ${client.token_endpoint_auth_method}`)
  return { client, secret: shown.secret }
}

/** @throws OAuthRefusal */
export function readClient(request: AuthRequest, form: ReadonlyMap<string, string>): Shown {
  const [id, secret] = [form.get('client_id'), form.get('client_secret')]
  const basic = basicOf(request.headers.authorization)
  if (basic === undefined) {
    if (id === undefined) throw oauthRefusal('invalid_client', 'Client authentication is required')
    return { id, secret, method: secret === undefined ? 'none' : 'client_secret_post' }
  }
  if (secret !== undefined || (id !== undefined && id !== basic.id))
    throw oauthRefusal('invalid_request', 'A client authenticates in one way')
  return { ...basic, method: 'client_secret_basic' }
}

/** Both halves are form-encoded (RFC 6749, 2.3.1). */
function basicOf(authorization: string | undefined): { id: string; secret: string } | undefined {
  const [, encoded] = /^basic +(\S+)$/i.exec(authorization ?? '') ?? []
  if (encoded === undefined) return undefined
  const text = Buffer.from(encoded, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) throw oauthRefusal('invalid_client', 'The Authorization header cannot be read')
  return { id: formDecoded(text.slice(0, colon)), secret: formDecoded(text.slice(colon + 1)) }
}

function formDecoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}
