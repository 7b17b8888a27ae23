/** What a project's API says of itself, heard over its runtime's own socket: no public name has to resolve for it. */
import type { ApiQuery } from '@cascata/shared/contract/descriptions'
import type { ProjectSecrets } from '@cascata/shared/contract/projects'
import { SchemaUnknown } from '@cascata/shared/problems/database'
import { ProjectNotReady } from '@cascata/shared/problems/projects'
import { ApiNotDescribed } from '@cascata/shared/problems/reconcile'
import { listSockets } from './project-socket.ts'
import { getOverSocket, type SocketAnswer } from './socket-http.ts'

export type ProjectApiDeps = {
  secretsOf(ref: string): Promise<ProjectSecrets>
  /** Where the sockets of its runtimes are. */
  httpDirOf(ref: string): string
}

const PATH = '/rest/v1/openapi.json'
/** A schema of hundreds of tables takes a while to be written for the first time. */
const TIMEOUT_MS = 30_000
const DOCUMENT_BYTES_MAX = 64 * 1024 * 1024

/** Fits the port `describeApi` of the use cases (app/ports.ts). */
export const describeProjectApi =
  ({ secretsOf, httpDirOf }: ProjectApiDeps) =>
  async (ref: string, { role, schema }: ApiQuery): Promise<Record<string, unknown>> => {
    const { anonKey, serviceRoleKey } = await secretsOf(ref)
    const headers = {
      apikey: role === 'anon' ? anonKey : serviceRoleKey,
      ...(schema === undefined ? {} : { 'accept-profile': schema }),
    }
    const answer = await firstAnswer(httpDirOf(ref), headers)
    if (answer === null || answer.status >= 500) throw ProjectNotReady(ref)
    if (answer.status === 406 && schema !== undefined) throw SchemaUnknown([schema])
    if (answer.status === 404) throw ApiNotDescribed(ref)
    if (answer.status !== 200)
      throw new Error(`the runtime of ${ref} answered ${answer.status}: ${answer.body}`)
    return JSON.parse(answer.body) as Record<string, unknown>
  }

/** Of two runtimes one is taking over from the other: either will do. */
async function firstAnswer(folder: string, headers: Record<string, string>): Promise<SocketAnswer | null> {
  for (const socket of await listSockets(folder)) {
    const asked = { timeoutMs: TIMEOUT_MS, bodyBytesMax: DOCUMENT_BYTES_MAX, headers }
    const answer = await getOverSocket(socket, PATH, asked)
    if (answer !== null) return answer
  }
  return null
}
