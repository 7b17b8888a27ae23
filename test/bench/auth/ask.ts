/** Asks the auth service over its socket, on connections that stay open, and says how long it took. */
import { Agent, request } from 'node:http'

export type Answer = { status: number; ms: number; text: string }
export type Asker = {
  post(path: string, body: object): Promise<Answer>
  get(path: string, headers: Record<string, string>): Promise<Answer>
  close(): void
}

/** A runtime's socket, and the key that anybody has. */
export type Place = { socket: string; anon: string }

export function createAsker({ socket: socketPath, anon }: Place, connections: number): Asker {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const ask = (method: string, path: string, sent: { headers: Record<string, string>; body?: string }) => {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const { headers, body = '' } = sent
    const startedAt = performance.now()
    const length = method === 'GET' ? {} : { 'content-length': String(Buffer.byteLength(body)) }
    const asked = request(
      { socketPath, agent, method, path, headers: { apikey: anon, ...length, ...headers } },
      (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (piece: string) => {
          text += piece
        })
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, ms: performance.now() - startedAt, text })
        })
        response.on('error', reject)
      },
    )
    asked.on('error', reject)
    asked.end(body)
    return promise
  }
  return {
    post: (path, body) =>
      ask('POST', `/auth/v1${path}`, {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    get: (path, headers) => ask('GET', path, { headers }),
    close: () => agent.destroy(),
  }
}

export const PASSWORD = 'a long enough passphrase 4711'

/** @throws when it is refused. */
export async function signUp(asker: Asker, email: string): Promise<{ refreshToken: string }> {
  const { status, text } = await asker.post('/signup', { email, password: PASSWORD })
  if (status !== 200) throw new Error(`a sign-up was answered with ${status}: ${text}`)
  return { refreshToken: (JSON.parse(text) as { refresh_token: string }).refresh_token }
}
