/** The control API, as the commands call it: JSON in and out, a problem becomes a `Failure`. */
import { randomUUID } from 'node:crypto'
import type { z } from 'zod'
import { EXIT, Failure, failureOf } from './failure.ts'
import type { Profile } from './profile.ts'

export type Call = {
  body?: unknown
  /** Raw bytes instead of JSON: an archive's upload. */
  stream?: { bytes: ReadableStream<Uint8Array>; length: number }
  headers?: Record<string, string>
  signal?: AbortSignal
}

export type Client = {
  get<Shape extends z.ZodType>(path: string, shape: Shape): Promise<z.infer<Shape>>
  send<Shape extends z.ZodType>(
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    shape: Shape,
    call?: Call,
  ): Promise<z.infer<Shape>>
  /** The answer itself, for bytes and event streams. Its status is 2xx. */
  open(path: string, call?: Call): Promise<Response>
}

export function createClient(profile: Profile): Client {
  const base = profile.control_url.replace(/\/$/, '')

  async function request(method: string, path: string, call: Call = {}): Promise<Response> {
    const headers: Record<string, string> = {
      authorization: `Bearer ${profile.token}`,
      accept: 'application/json',
      ...call.headers,
    }
    // A POST that is sent twice (a proxy's retry, ours) must not act twice.
    if (method === 'POST') headers['idempotency-key'] ??= randomUUID()
    const init: RequestInit & { duplex?: 'half' } = { method, headers }
    if (call.signal) init.signal = call.signal
    if (call.stream) {
      headers['content-type'] = 'application/octet-stream'
      headers['content-length'] = String(call.stream.length)
      init.body = call.stream.bytes
      init.duplex = 'half'
    } else if (call.body !== undefined) {
      headers['content-type'] = 'application/json'
      init.body = JSON.stringify(call.body)
    }
    const response = await fetch(`${base}${path}`, init).catch((error: unknown) => {
      if (call.signal?.aborted) throw error
      throw unreachable(base, error)
    })
    if (!response.ok) throw failureOf(response.status, await response.json().catch(() => undefined))
    return response
  }

  async function json<Shape extends z.ZodType>(response: Response, shape: Shape): Promise<z.infer<Shape>> {
    const body: unknown = response.status === 204 ? {} : await response.json()
    const parsed = shape.safeParse(body)
    if (parsed.success) return parsed.data
    throw new Failure(
      EXIT.failed,
      'unexpected-answer',
      `control's answer has another shape than this CLI knows: ${parsed.error.message}`,
      {
        hint: 'Use the CLI of the same version as control ("cascata status" shows it).',
      },
    )
  }

  return {
    get: async (path, shape) => json(await request('GET', path), shape),
    send: async (method, path, shape, call) => json(await request(method, path, call), shape),
    open: (path, call) => request('GET', path, call),
  }
}

function unreachable(base: string, error: unknown): Failure {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error)
  return new Failure(EXIT.failed, 'control-unreachable', `control does not answer at ${base}: ${cause}`, {
    hint: 'Is it running? "docker ps" shows its containers; "npm start" starts them.',
  })
}
