/** Providers that know one code and one token, and answer at their own paths: for tests of what is read of a profile. */
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ProviderSettings } from './provider.ts'
import { createProviders } from './providers.ts'

export type Answers = Record<string, unknown>
export type Asked = {
  path: string
  query: URLSearchParams
  body: URLSearchParams
  headers: IncomingMessage['headers']
}
export type TokenPlace = { path: string; answer?: object }

export function createStage() {
  const servers: Server[] = []
  return {
    async somebody(token: TokenPlace, answers: Answers): Promise<{ asked: Asked[]; url: string }> {
      const asked: Asked[] = []
      const server = createServer(async (request, response) => {
        const { pathname, searchParams } = new URL(request.url ?? '', 'http://x')
        const body = new URLSearchParams(Buffer.concat(await Array.fromAsync(request)).toString())
        asked.push({ path: pathname, query: searchParams, body, headers: request.headers })
        const say = (status: number, value: unknown) =>
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
        if (pathname === token.path) {
          const isKnown = body.get('code') === 'the-code'
          // As GitHub does it: a failure is 200, too.
          const failed = {
            error: 'bad_verification_code',
            error_description: 'The code is spent: the-secret',
          }
          return say(
            200,
            isKnown ? (token.answer ?? { access_token: 'the-token', token_type: 'bearer' }) : failed,
          )
        }
        if (request.headers.authorization !== 'Bearer the-token') return say(401, {})
        if (!(pathname in answers)) return say(404, {})
        return say(200, answers[pathname])
      })
      servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      return { asked, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
    },
    close() {
      for (const server of servers.splice(0)) {
        server.closeAllConnections()
        server.close()
      }
    },
  }
}

export function providerOf(name: string, url: string, more: Partial<ProviderSettings> = {}) {
  const settings: ProviderSettings = {
    ...{ enabled: true, clientIds: ['our-id'], secret: 'the-secret', url, skipNonceCheck: false, scopes: [] },
    ...more,
  }
  const provider = createProviders(() => ({ [name]: settings })).find(name)
  if (!provider) throw new Error(`no provider ${name}`)
  return provider
}

const never = () => new AbortController().signal
export const input = {
  ...{ redirectUri: 'https://ref.example/cb', codeVerifier: 'v'.repeat(64), nonce: 'n' },
  ...{ issuer: null, user: null },
}
export const signIn = async (name: string, url: string, code = 'the-code') =>
  providerOf(name, url).exchange({ ...input, code }, never())
