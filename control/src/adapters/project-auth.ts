/** A project's auth, asked over its runtime's own socket with the service key, as the project's own backend asks it. */
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import type { Problem } from '@cascata/shared/problem'
import {
  AuthClientNotFound,
  AuthFailed,
  AuthRefused,
  AuthSsoProviderExists,
  AuthSsoProviderNotFound,
  AuthUserExists,
  AuthUserNotFound,
} from '@cascata/shared/problems/auth'
import { ProjectNotReady } from '@cascata/shared/problems/projects'
import { z } from 'zod'
import { listSockets } from './project-socket.ts'
import { callOverSocket, type SocketReply } from './socket-http.ts'

export type ProjectAuthDeps = {
  secretsOf(ref: string): Promise<ProjectSecrets>
  /** Where the sockets of its runtimes are. */
  httpDirOf(ref: string): string
}

type Call = { method: string; path: string; query?: Record<string, string>; body?: unknown }

const PREFIX = '/auth/v1'
/** A mail server may be waited for. */
const TIMEOUT_MS = 30_000
const BODY_BYTES_MAX = 64 * 1024 * 1024

/** Fits the port `askAuth` of the use cases (app/ports.ts). */
export const askProjectAuth =
  ({ secretsOf, httpDirOf }: ProjectAuthDeps) =>
  async (ref: string, call: Call): Promise<{ body: unknown; total: number | undefined }> => {
    const { serviceRoleKey } = await secretsOf(ref)
    const reply = await firstReply(httpDirOf(ref), call, serviceRoleKey)
    if (reply === 'absent') throw ProjectNotReady(ref)
    if (reply === 'lost') throw AuthFailed(ref, 'it gave no answer')
    const body = parsed(reply.body)
    if (reply.status >= 400) throw refusalOf(ref, reply.status, body)
    const total = reply.headers['x-total-count']
    return { body, total: typeof total === 'string' ? Number(total) : undefined }
  }

async function firstReply(folder: string, call: Call, key: string): Promise<SocketReply> {
  const { method, path, query = {}, body } = call
  const headers = {
    apikey: key,
    'x-supabase-api-version': '2024-01-01',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  }
  const asked = { method, headers, timeoutMs: TIMEOUT_MS, bodyBytesMax: BODY_BYTES_MAX }
  const search = new URLSearchParams(query).toString()
  const place = `${PREFIX}${path}${search === '' ? '' : `?${search}`}`
  for (const socket of await listSockets(folder)) {
    const sent = body === undefined ? asked : { ...asked, body: JSON.stringify(body) }
    const reply = await callOverSocket(socket, place, sent)
    // Only where nothing was asked yet may the next one be asked.
    if (reply !== 'absent') return reply
  }
  return 'absent'
}

function parsed(text: string): unknown {
  try {
    return text === '' ? {} : JSON.parse(text)
  } catch {
    return {}
  }
}

const Worded = z.object({ code: z.string().catch(''), message: z.string().catch('') }).catch({
  code: '',
  message: '',
})

/** Our key is refused while a change of keys is on its way to the runtime. */
const KEYS_CHANGE = ['no_authorization', 'bad_jwt', 'not_admin']
const TAKEN = ['email_exists', 'phone_exists', 'user_already_exists']
const SSO_TAKEN = ['saml_idp_already_exists', 'sso_domain_already_exists', 'conflict']

function refusalOf(ref: string, status: number, body: unknown): Problem {
  const { code, message } = Worded.parse(body)
  if (KEYS_CHANGE.includes(code)) return ProjectNotReady(ref)
  if (code === 'user_not_found') return AuthUserNotFound()
  if (code === 'oauth_client_not_found') return AuthClientNotFound()
  if (code === 'sso_provider_not_found') return AuthSsoProviderNotFound()
  if (TAKEN.includes(code)) return AuthUserExists()
  if (SSO_TAKEN.includes(code)) return AuthSsoProviderExists(message)
  if (status >= 500) return AuthFailed(ref, message || `it answered with status ${status}`)
  return AuthRefused(code || String(status), message || 'it did not say why')
}
