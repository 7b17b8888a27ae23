/** The control API as a program that knows only its address and a token calls it. */
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { localFetch } from './local-fetch.ts'

export type ApiAnswer = { status: number; headers: Headers; text: string; body: Record<string, unknown> }

export type ApiCall = {
  /** A bearer token; null is nobody, absent the owner of the profile. */
  as?: string | null
  body?: unknown
  headers?: Record<string, string>
}

export type Api = {
  fetch: ReturnType<typeof localFetch>
  base: string
  owner: string
  call(method: string, path: string, options?: ApiCall): Promise<ApiAnswer>
}

export function apiFor({ profile, httpPort }: { profile: string; httpPort: number }): Api {
  const fetch = localFetch(httpPort)
  const base = `http://localhost:${httpPort}`
  const { token: owner } = z.object({ token: z.string() }).parse(JSON.parse(readFileSync(profile, 'utf8')))
  return {
    fetch,
    base,
    owner,
    async call(method, path, { as = owner, body, headers = {} } = {}) {
      const answer = await fetch(`${base}${path}`, {
        method,
        headers: {
          // An edge that is reloaded closes what is idle: a call that comes at that moment would be lost.
          connection: 'close',
          ...(as !== null && { authorization: `Bearer ${as}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json') && text !== ''
      return { status: answer.status, headers: answer.headers, text, body: isJson ? JSON.parse(text) : {} }
    },
  }
}

/** Data of each event of a stream, until it ends by itself. */
export async function eventsOf(answer: Response): Promise<{ event: string; data: unknown }[]> {
  const text = await answer.text()
  return text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => ({
      event: /^event: ?(.*)$/m.exec(block)?.[1] ?? 'message',
      data: JSON.parse(
        block
          .split('\n')
          .flatMap((line) => (line.startsWith('data:') ? [line.slice(5)] : []))
          .join('\n'),
      ),
    }))
}
