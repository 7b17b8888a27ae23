/** Hooks on a real server, and what their tests ask of them. */
import { createServer, type IncomingHttpHeaders, type RequestListener, type ServerResponse } from 'node:http'
import { createHooks, type HookContext, type HookSettings } from './hooks.ts'

export const KEY = Buffer.from('a secret of thirty-two bytes, so')
const SECRET = `v1,whsec_${KEY.toString('base64')}`
export const PACE = { timeoutMs: 30_000, backoffMs: 20, attemptsMax: 3 }
export const clock = { now: () => Date.UTC(2026, 0, 2, 3, 4, 5) }
export const user = { id: 'b2b1', email: 'ada@example.com' }

const closers: (() => Promise<void>)[] = []

/** Ends every server that was started since. */
export async function closeHookServers(): Promise<void> {
  for (const close of closers.splice(0)) await close()
}

type Asked = { headers: IncomingHttpHeaders; body: string }

/** A hook on a real server: answers in turn, the last one again and again. */
export async function serve(...answers: ((response: ServerResponse, asked: Asked) => void)[]) {
  const asked: Asked[] = []
  const listener: RequestListener = (request, response) => {
    let body = ''
    request.on('data', (chunk) => {
      body += chunk
    })
    request.on('end', () => {
      const one = { headers: request.headers, body }
      asked.push(one)
      answers[Math.min(asked.length, answers.length) - 1]?.(response, one)
    })
  }
  const server = createServer(listener)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  closers.push(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { asked, uri: `http://127.0.0.1:${port}/hook` }
}

export const json =
  (value: unknown, { status = 200, headers = {} } = {}) =>
  (response: ServerResponse) =>
    response
      .writeHead(status, { 'content-type': 'application/json; charset=utf-8', ...headers })
      .end(JSON.stringify(value))
export const plain =
  (status: number, headers: Record<string, string> = {}, body = '') =>
  (response: ServerResponse) =>
    response.writeHead(status, headers).end(body)

export function hooksAt(uri: string, given: { pace?: typeof PACE; secrets?: string[] } = {}) {
  const hook = { uri, secrets: given.secrets ?? [SECRET] }
  const settings: HookSettings = {
    beforeUserCreated: hook,
    sendEmail: hook,
    customAccessToken: hook,
    passwordVerificationAttempt: hook,
  }
  return createHooks({ settings: () => settings, clock, pace: given.pace ?? PACE })
}

export const context = (more: Partial<HookContext> = {}): HookContext => ({
  ipAddress: '203.0.113.7',
  signal: new AbortController().signal,
  call: () => Promise.reject(new Error('no function is called here')),
  ...more,
})
export const askAt = (
  uri: string,
  given: Parameters<typeof hooksAt>[1] = {},
  more: Partial<HookContext> = {},
) => hooksAt(uri, given).ask('beforeUserCreated', { user }, context(more))
